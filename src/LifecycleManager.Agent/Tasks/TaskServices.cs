using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Agent.Fetching;
using LifecycleManager.Agent.Timing;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Tasks;

/// <summary>What all tasks use.</summary>
/// <param name="Directory">Where they are written down.</param>
/// <param name="Containerizers">Run them.</param>
/// <param name="Fetcher">Brings their artifacts.</param>
/// <param name="Options">The agent.</param>
/// <param name="Time">The clock.</param>
/// <param name="Clock">The clock that outlives the agent.</param>
/// <param name="Log">Told what happens to them.</param>
internal sealed record TaskServices(
    AgentDirectory Directory, ContainerizerSet Containerizers, Fetcher Fetcher, AgentOptions Options, TimeProvider Time,
    BootClock Clock,
    ILogger Log);
