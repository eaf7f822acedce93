-- What the book needs beyond what pandoc does.

local ROOM, SMALLER = 112, 128  -- characters beside each other in a table as wide as the page, and in smaller letters

local function quoted(text)
  return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"') .. '"'
end

-- A formula is read aloud as it was written, a figure by its alt text.
function Math(math)
  local typst = pandoc.write(pandoc.Pandoc({pandoc.Plain({math})}), "typst"):gsub("%s+$", "")
  local block = tostring(math.mathtype == "DisplayMath")
  return pandoc.RawInline("typst", "#formula(" .. block .. ", " .. quoted(math.text) .. ", " .. typst .. ")")
end

function Image(image)
  local alt = pandoc.utils.stringify(image.caption)
  return pandoc.RawInline("typst", "#picture(" .. quoted(image.src) .. ", " .. quoted(alt) .. ")")
end

-- The place of a file, to which links lead, is behind its title.
function Header(header)
  if header.level == 1 then
    local file = header.identifier:match("^(.-)__")
    return {header, pandoc.RawBlock("typst", "#metadata(none) <" .. file .. ">")}
  end
end

-- Return the length of each column's longest cell and longest word, and false for those that hold more than numbers.
local function measure(table)
  local longest, word, number = {}, {}, {}
  local function look(rows, is_body)
    for _, row in ipairs(rows) do
      for i, cell in ipairs(#row.cells == #table.colspecs and row.cells or {}) do  -- not those with spans
        local text = pandoc.utils.stringify(cell.contents)
        longest[i] = math.max(longest[i] or 1, utf8.len(text))
        for part in text:gmatch("[^%s_/=]+") do  -- lines break behind these, too
          word[i] = math.max(word[i] or 1, utf8.len(part) + 1)
        end
        if is_body and (text:match("^%a%d") or text:gsub("NaN", ""):gsub(" to ", ""):match("%a%a")) then
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

-- Columns of text to the left, of numbers to the right. Where not all fit, those of long texts are made narrower.
function Table(table)
  local longest, word, number = measure(table)
  local function widths(share)
    local found, sum = {}, 0
    for i = 1, #table.colspecs do
      local long = longest[i] or 1
      found[i] = math.max(math.min(long, word[i] or 1), long * share) + 1.7
      sum = sum + found[i]
    end
    return found, sum
  end
  local share, room = 1, ROOM  -- of the length of its longest cell, what a column gets; never less than a word
  local found, sum = widths(share)
  while sum > room and share > 0.05 do
    share = share * 0.97
    room = share < 0.6 and SMALLER or ROOM
    found, sum = widths(share)
  end
  for i = 1, #table.colspecs do
    local align = number[i] == false and pandoc.AlignLeft or pandoc.AlignRight
    table.colspecs[i] = {align, share < 1 and found[i] / sum or nil}
  end
  if room == SMALLER then
    return {pandoc.RawBlock("typst", "#smaller["), table, pandoc.RawBlock("typst", "]")}
  end
  return table
end

-- Tables of pandas are HTML.
function RawBlock(block)
  if block.format == "html" and block.text:match("<table") then
    return pandoc.read(block.text, "html").blocks:walk({Table = Table})
  end
end
