local ROOM = 118  -- characters beside each other in a table as wide as the page

-- What the book needs beyond what pandoc does: tables of pandas are HTML; a formula is read aloud as it was written; the
-- place of a file, to which links lead, is behind its title.
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

-- Return the length of the longest cell of each column, of its longest word, and whether all below the head are numbers.
local function measure(table)
  local longest, word, number = {}, {}, {}
  local function look(rows, is_body)
    for _, row in ipairs(rows) do
      for i, cell in ipairs(#row.cells == #table.colspecs and row.cells or {}) do  -- not those with spans
        local text = pandoc.utils.stringify(cell.contents)
        longest[i] = math.max(longest[i] or 1, utf8.len(text))
        for part in text:gmatch("%S+") do
          word[i] = math.max(word[i] or 1, utf8.len(part))
        end
        if is_body and text:match("^[^%d]") and not text:match("^[-−+<(]?%d") then
          number[i] = false
        end
      end
    end
  end
  look(table.head.rows, false)
  for _, body in ipairs(table.bodies) do
    look(body.body, true)
  end
  return longest, word, number
end

-- Columns of text to the left, of numbers to the right; where not all fit, those of long texts are made narrower.
function Table(table)
  local longest, word, number = measure(table)
  local function width(i, share)
    return math.max(math.min(longest[i] or 1, (word[i] or 1)), (longest[i] or 1) * share) + 1.5
  end
  local function all(share)
    local sum = 0
    for i = 1, #table.colspecs do sum = sum + width(i, share) end
    return sum
  end
  local share = 1
  while all(share) > ROOM and share > 0.05 do share = share * 0.97 end
  for i = 1, #table.colspecs do
    local align = number[i] == false and pandoc.AlignLeft or pandoc.AlignRight
    table.colspecs[i] = {align, share < 1 and width(i, share) / all(share) or nil}
  end
  return table
end

function RawBlock(block)
  if block.format == "html" and block.text:match("<table") then
    return pandoc.read(block.text, "html").blocks:walk({Table = Table})
  end
end
