"""A figure with sliders in JupyterLab: ipywidgets."""

from mia_helpers.plots.play import fragment


def widget(player):
    """Return a `Player` as a box: a slider each, and the figure, drawn again whenever one of them is moved."""
    import ipywidgets as widgets

    sliders = [
        widgets.SelectionSlider(
            options=[(name, i) for i, name in enumerate(slider.names)],
            value=slider.start,
            description=slider.label,
            style={"description_width": "initial"},
            layout={"width": "95%", "max_width": "560px"},
        )
        for slider in player.sliders
    ]
    shown = widgets.HTML()

    def redraw(_=None):
        positions = [slider.value for slider in sliders]
        png = fragment.small_png(player.figure(*positions), dpi=90)
        shown.value = fragment.image(png, player.alt(*positions))

    for slider in sliders:
        slider.observe(redraw, names="value")
    redraw()
    return widgets.VBox([*sliders, shown])
