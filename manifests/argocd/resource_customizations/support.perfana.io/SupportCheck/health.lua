-- The health of a SupportCheck. What was not judged, or not for the present spec, is Progressing: never Healthy.
-- Report: Healthy once it was judged, whatever the verdict. Gate: Healthy, Degraded or Progressing by Ready and
-- Stalled, which mirror UpgradeSupported where a target is stated, else Supported; that one has to agree. An
-- Unknown verdict is Progressing: it does not pass, and unlike Degraded it does not fail a sync either.
local function fields_of(value)
  if type(value) == "table" then
    return value
  end
  return {}
end

local function text_of(value)
  if type(value) == "string" then
    return value
  end
  return ""
end

local spec = fields_of(obj.spec)
local status = fields_of(obj.status)
local generation = fields_of(obj.metadata).generation
local hs = { status = "Progressing", message = "waiting for perfana-support to judge the present spec" }
if type(generation) ~= "number" or status.observedGeneration ~= generation then
  return hs
end

-- Conditions of an earlier spec, or of others that state no generation, say nothing about this one.
local conditions = {}
for _, entry in ipairs(fields_of(status.conditions)) do
  local condition = fields_of(entry)
  if type(condition.type) == "string" and condition.observedGeneration == generation then
    conditions[condition.type] = condition
  end
end

local function verdict(kind)
  local said = conditions[kind]
  return kind .. " is " .. text_of(said.status) .. " (" .. text_of(said.reason) .. "): " .. text_of(said.message)
end

local is_report = spec.enforcement == nil or spec.enforcement == "Report"
local gating = "Supported"
if spec.target ~= nil then
  gating = "UpgradeSupported"
end
if conditions.Ready == nil or conditions.Supported == nil or conditions[gating] == nil then
  return hs
end

hs.message = verdict(gating)
if is_report and gating ~= "Supported" then
  hs.message = verdict("Supported") .. "; " .. hs.message
end
if conditions.Reconciling ~= nil and conditions.Reconciling.status == "True" then
  return hs
end
if conditions.Stalled ~= nil and conditions.Stalled.status == "True" then
  hs.status = "Degraded"
elseif conditions.Ready.status == "True" and (is_report or conditions[gating].status == "True") then
  hs.status = "Healthy"
end
return hs
