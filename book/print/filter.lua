-- What the book needs beyond what pandoc does: tables of pandas are HTML; a formula is read aloud as it was written; the
-- place of a file, to which links lead, is behind its title.
function RawBlock(block)
  if block.format == "html" and block.text:match("<table") then
    return pandoc.read(block.text, "html").blocks
  end
end

function Math(math)
  local typst = pandoc.write(pandoc.Pandoc({pandoc.Plain({math})}), "typst"):gsub("%s+$", "")
  local quoted = math.text:gsub("\\", "\\\\"):gsub('"', '\\"')
  local block = tostring(math.mathtype == "DisplayMath")
  return pandoc.RawInline("typst", '#formula(' .. block .. ', "' .. quoted .. '", ' .. typst .. ")")
end

function Header(header)
  if header.level == 1 then
    local file = header.identifier:match("^(.-)__")
    return {header, pandoc.RawBlock("typst", "#metadata(none) <" .. file .. ">")}
  end
end
