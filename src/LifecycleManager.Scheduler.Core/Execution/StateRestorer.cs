using LifecycleManager.Scheduler.Core.Catalog;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Delays;
using LifecycleManager.Scheduler.Core.Deployments;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Tasks;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Execution;

/// <summary>Begins with what is stored: gives each owner its part, and sets aside what cannot be carried on.</summary>
internal sealed class StateRestorer(
    AppCatalog catalog, SetAside aside, InstanceTracker tracker, LaunchDelays delays, DeploymentTracker deployments,
    InstanceAdopter adopter)
{
    // A new leader has yet to see what is healthy.
    private static readonly TimeSpan BeforeJudging = TimeSpan.FromSeconds(5);

    public void Restore(LoadedState loaded, ClockReading now)
    {
        foreach (var record in loaded.Apps)
        {
            catalog.Add(new AppEntry(record.Definition.Id, record));
            catalog.RememberVersion(record.Definition.Version);
        }

        // The newest first: a removed app is as it last was.
        foreach (var record in loaded.Older.OrderByDescending(record => record.Definition.Version)) RestoreVersion(record);
        foreach (var change in loaded.History) catalog.RememberVersion(Timestamps.Read(change.Version));
        foreach (var instance in loaded.Instances) adopter.Adopt(instance);
        foreach (var stored in loaded.Deployments) RestoreDeployment(stored, now);
        if (aside.HasDeployments) SetUnsettledAside();
        aside.Show();
        foreach (var delay in loaded.Delays) delays.Restore(delay);
        foreach (var app in catalog.Apps.Keys) catalog.Touch(app);
    }

    private void RestoreVersion(AppRecord record)
    {
        var id = record.Definition.Id;
        if (aside.Holds(id))
        {
            aside.Remember(record);
            return;
        }

        if (!catalog.Apps.TryGetValue(id, out var entry))
            catalog.Add(entry = new AppEntry(id, record, isRemoved: true));
        AppCatalog.Remember(entry, record);
    }

    private void RestoreDeployment(StoredDeployment stored, ClockReading now)
    {
        ActiveDeployment deployment;
        try
        {
            if (stored.Before.Keys.Select(path => new AppId(path)).FirstOrDefault(aside.Holds) is { Path: not null } app)
                throw new InvalidDataException($"the stored app {app.Path}, which it changes, cannot be read");
            deployment = DeploymentMapping.Read(
                stored, (id, version) => catalog.Apps.TryGetValue(id, out var known) ? RecordOf(known, version) : null, now);
        }
        catch (InvalidDataException e)
        {
            aside.Add(stored.Id, e.Message);
            return;
        }

        catalog.RememberVersion(deployment.Version);

        // An app that a stop has already emptied and forgotten is done.
        deployment.Pending.RemoveWhere(app => !catalog.Apps.ContainsKey(app));

        // While nobody led, nobody could see it become healthy: the clock has stood still, and the checks have yet to be
        // answered.
        deployment.JudgedFrom = now.Clock + BeforeJudging;
        deployments.Restore(deployment, now);
    }

    /// <summary>
    /// A deployment that cannot be carried on may hold any app: those that are not as they are meant to be, and that no other
    /// deployment holds, are left as they are.
    /// </summary>
    private void SetUnsettledAside()
    {
        foreach (var entry in catalog.Apps.Values.Where(entry => entry is { Deployment: null, Instances.Count: > 0 }
            && !IsSettled(entry)).ToList())
        {
            aside.Add(entry);
            catalog.TakeOut(entry.Id);
            foreach (var taskId in entry.Instances.Keys) tracker.SetAside(taskId);
        }
    }

    private static bool IsSettled(AppEntry entry)
    {
        // What was told to end ends, whoever told it.
        if (entry.IsRemoved) return entry.Instances.Values.All(instance => instance.Goal == InstanceGoal.Ended);
        var active = entry.Instances.Values.Where(instance => instance.IsActive).ToList();
        return active.Count <= entry.Record.Definition.Instances
            && active.TrueForAll(instance => instance.ConfigVersion == entry.Record.LastConfigChangeAt
                || instance.IsWithoutRecord);
    }

    private static AppRecord? RecordOf(AppEntry entry, DateTimeOffset version) =>
        entry.Record.Definition.Version == version ? entry.Record : entry.Older.GetValueOrDefault(version);
}
