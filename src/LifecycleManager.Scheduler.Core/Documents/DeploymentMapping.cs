using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Labels;
using LifecycleManager.Scheduler.Core.Deployments;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Documents;

/// <summary>Between deployments as they are stored and as the code works with them.</summary>
internal static class DeploymentMapping
{
    /// <summary>A deployment as it was stored, at the step that it had come to.</summary>
    /// <param name="stored">The document.</param>
    /// <param name="find">The stored version of an app; null where there is none.</param>
    /// <param name="now">What was not stored by the scheduler's clock counts from here.</param>
    /// <exception cref="InvalidDataException">It makes no sense, or a version that it may go back to is not there.</exception>
    public static ActiveDeployment Read(StoredDeployment stored, Func<AppId, DateTimeOffset, AppRecord?> find, ClockReading now)
    {
        if (stored.CurrentStep < 0 || stored.CurrentStep >= stored.Steps.Count)
            throw new InvalidDataException($"it is at step {stored.CurrentStep} of {stored.Steps.Count}");
        var before = new Dictionary<AppId, AppRecord?>();
        foreach (var (path, version) in stored.Before)
        {
            var app = new AppId(path);
            before[app] = version is null ? null : find(app, Timestamps.Read(version))
                ?? throw new InvalidDataException($"{path} in version {version}, to which it may be rolled back, is missing");
        }

        var deployment = new ActiveDeployment
        {
            Id = stored.Id,
            Version = Timestamps.Read(stored.Version),
            Created = Read(stored.CreatedAt, stored.CreatedClock, now),
            Reason = stored.Reason,
            Steps = [.. stored.Steps.Select(Read)],
            Before = before,
            IsRollback = stored.Rollback == true,
            IsBlueGreen = stored.BlueGreen == true,
            Patience = stored.PatienceSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            CurrentStep = stored.CurrentStep,
            IsPromoted = stored.Promoted == true,
            Frozen = stored.Frozen?.ToDictionary(app => new AppId(app.Key), app => app.Value),
            StepStarted = Read(stored.StepStartedAt, stored.StepStartedClock, now),
        };
        deployment.BeginStep(stored.HeldSince is { } held ? Read(held, stored.HeldClock, now) : null);
        return deployment;
    }

    /// <summary>A deployment as it is to be stored.</summary>
    public static StoredDeployment Write(ActiveDeployment deployment) => new()
    {
        Id = deployment.Id,
        Version = Timestamps.Write(deployment.Version),
        CreatedAt = Timestamps.Write(deployment.Created.Wall),
        CreatedClock = StateMapping.Write(deployment.Created.Clock),
        Reason = deployment.Reason,
        Steps = [.. deployment.Steps.Select(Write)],
        Rollback = deployment.IsRollback ? true : null,
        BlueGreen = deployment.IsBlueGreen ? true : null,
        PatienceSeconds = deployment.Patience?.TotalSeconds,
        HeldSince = deployment.HeldSince is { } held ? Timestamps.Write(held.Wall) : null,
        HeldClock = StateMapping.Write(deployment.HeldSince?.Clock),
        Frozen = deployment.Frozen?.ToDictionary(app => app.Key.Path, app => app.Value),
        Promoted = deployment.IsPromoted ? true : null,
        CurrentStep = deployment.CurrentStep,
        StepStartedAt = Timestamps.Write(deployment.StepStarted.Wall),
        StepStartedClock = StateMapping.Write(deployment.StepStarted.Clock),
        Before = deployment.Before.ToDictionary(
            entry => entry.Key.Path, entry => entry.Value is { } record ? Timestamps.Write(record.Definition.Version) : null),
    };

    private static ClockReading Read(string wall, long? clock, ClockReading now) =>
        new(Timestamps.Read(wall), StateMapping.Read(clock) ?? now.Clock);

    private static PlannedStep Read(StoredStep stored) => new([.. stored.Actions.Select(Read)])
    {
        Pause = stored.Pause is not { } seconds ? null : new StepPause(seconds < 0 ? null : TimeSpan.FromSeconds(seconds)),
    };

    private static PlannedAction Read(StoredAction stored) => new(
        Enum.Parse<DeploymentActionKind>(stored.Action), new AppId(stored.App), stored.Stage is { } stage
        ? RolloutStage.Parse(stage) : null,
        stored.Pod == true);

    private static StoredStep Write(PlannedStep step) => new(
        [.. step.Actions.Select(action => new StoredAction(
            action.Kind.ToString(), action.App.Path, action.Stage?.ToString(), action.IsPod ? true : null))],
        step.Pause is { } pause ? pause.For?.TotalSeconds ?? -1 : null);
}
