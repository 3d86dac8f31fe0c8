-- The health of a SupportPolicy: Healthy if it can be judged by, Degraded if it has problems (the last valid form
-- stays in force). What was not read, or not in its present form, is Progressing: never Healthy.
local function fields_of(value)
  if type(value) == "table" then
    return value
  end
  return {}
end

local status = fields_of(obj.status)
local generation = fields_of(obj.metadata).generation
local hs = { status = "Progressing", message = "waiting for perfana-support to read the present spec" }
if type(generation) ~= "number" or status.observedGeneration ~= generation then
  return hs
end

for _, entry in ipairs(fields_of(status.conditions)) do
  local condition = fields_of(entry)
  if condition.type == "Valid" and condition.observedGeneration == generation then
    if type(condition.message) == "string" then
      hs.message = condition.message
    end
    if condition.status == "True" then
      hs.status = "Healthy"
    elseif condition.status == "False" then
      hs.status = "Degraded"
    end
  end
end
return hs
