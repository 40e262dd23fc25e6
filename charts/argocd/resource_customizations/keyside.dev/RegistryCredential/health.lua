-- Health of keyside's kinds for Argo CD: Degraded exactly while a human must act (condition Stalled), never for an outage of
-- a registry; Progressing while copies are being written or the newest spec was not looked at yet.
local hs = { status = "Progressing", message = "keyside has not looked at it yet" }
local status = obj.status
if status == nil or status.conditions == nil then
  return hs
end
local generation = obj.metadata.generation
if generation ~= nil and status.observedGeneration ~= nil and status.observedGeneration < generation then
  return hs
end
local ready, stalled
for _, condition in ipairs(status.conditions) do
  if condition.type == "Ready" then
    ready = condition
  elseif condition.type == "Stalled" and condition.status == "True" then
    stalled = condition
  end
end
if stalled ~= nil then
  hs.status = "Degraded"
  hs.message = stalled.reason .. ": " .. (stalled.message or "")
elseif ready ~= nil then
  if ready.status == "True" or ready.reason == "NodeDelivery" then
    hs.status = "Healthy"
  end
  hs.message = ready.message or ready.reason
end
return hs
