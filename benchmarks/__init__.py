"""How fast, against what: `make bench` measures every ratio that this project claims, on the machine at hand."""
