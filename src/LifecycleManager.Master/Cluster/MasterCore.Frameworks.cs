using LifecycleManager.Master.Registry;
using LifecycleManager.Master.Streams;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Security;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Cluster;

/// <content>Frameworks: subscription, failover, end.</content>
internal sealed partial class MasterCore
{
    private readonly Dictionary<FrameworkId, EventStream<SchedulerEvent>> _subscribing = [];

    /// <summary>The framework of an id, also one that has ended and still has tasks.</summary>
    public Framework? FindFramework(FrameworkId id) => _frameworks.GetValueOrDefault(id);

    /// <summary>SUBSCRIBE: the stream gets SUBSCRIBED or ERROR first.</summary>
    /// <param name="call">The call.</param>
    /// <param name="stream">Where its events go.</param>
    /// <param name="principal">Who subscribes; null where nobody is asked.</param>
    public void Subscribe(SubscribeCall call, EventStream<SchedulerEvent> stream, Principal? principal = null)
    {
        if (stream.IsClosed) return;
        var info = call.FrameworkInfo;
        if (FrameworkInfos.Problem(info) is { } problem)
        {
            Fail(stream, problem);
            return;
        }

        if (principal is not null && FrameworkInfos.Roles(info).Where(role => !principal.MayRunAs(role)).ToList() is { Count: > 0 } refused)
        {
            Fail(stream, $"Principal '{principal.Name}' is not authorized to use the roles {string.Join(", ", refused.Select(role => $"'{role}'"))}");
            return;
        }

        if (info.Id is { } id && id.Value.Length > 0)
        {
            if (principal is not null && _frameworks.GetValueOrDefault(id)?.Info.Principal is { } owner && owner != principal.Name)
            {
                Fail(stream, $"Framework is of another principal than '{principal.Name}'");
                return;
            }

            if (_frameworks.GetValueOrDefault(id) is { IsLeaving: true, UnregisteredAt: null })
            {
                // What is being decided about it comes first.
                _registry.Commit([], () => Subscribe(call, stream, principal), _ => Subscribe(call, stream, principal));
                return;
            }

            if (_removed.Contains(id) || _frameworks.GetValueOrDefault(id)?.UnregisteredAt is not null)
            {
                Fail(stream, "Framework has been removed");
                return;
            }
        }
        else
        {
            id = new FrameworkId($"{MasterId}-{_nextFramework++:D4}");
            info = info with { Id = id };
        }

        if (_frameworks.Values.Count(framework => framework.IsConnected) >= _options.MaxSubscribers)
        {
            Fail(stream, $"{_options.MaxSubscribers} frameworks are subscribed already");
            return;
        }

        var known = _frameworks.GetValueOrDefault(id);
        var entry = new FrameworkEntry(info, known?.RegisteredAt ?? Now);
        _changes.Advance();
        _streams.Add(stream);
        _subscribing[id] = stream;
        stream.FrameworkId = id;
        var isStored = known is not null
            && Same(entry, new FrameworkEntry(known.Info, known.RegisteredAt), RegistryJson.Default.FrameworkEntry);
        if (isStored) Subscribed(entry, call, stream);
        else Store(entry, () => Subscribed(entry, call, stream), cause => NotSubscribed(id, stream, cause));
    }

    /// <summary>A framework's connection has ended.</summary>
    public void StreamEnded(EventStream<SchedulerEvent> stream, FrameworkId? id)
    {
        _changes.Advance();
        stream.Close();
        _streams.Remove(stream);
        if (id is not { } known || !_frameworks.TryGetValue(known, out var framework) || framework.Stream != stream) return;
        _log.LogInformation(
            "Framework {Framework} ({Name}) has disconnected{Why}", known.Value, framework.Info.Name,
            stream.IsOverrun ? ": it did not keep up with its events" : "");
        framework.Stream = null;
        framework.Heartbeat?.Cancel();
        TakeBackAll(framework);
        AwaitFailover(framework);
        FrameworkChanged(framework, isNew: false);
    }

    /// <summary>TEARDOWN, or the end of its failover timeout: its tasks are ended and it can never return.</summary>
    /// <returns>Completes when that is durable: 200, or 503 where the store refuses it.</returns>
    public Task<OperatorResult> Remove(Framework framework, string why)
    {
        var done = new TaskCompletionSource<OperatorResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (framework.UnregisteredAt is not null) return Task.FromResult(OperatorResult.Done);
        if (framework.IsLeaving) return OperatorResult.Conflict($"Framework {framework.Id.Value} is being removed");
        _changes.Advance();
        framework.IsLeaving = true;
        framework.Failover?.Cancel();
        TakeBackAll(framework);
        var entry = new FrameworkEntry(framework.Info, framework.RegisteredAt, Now);
        Store(
            entry,
            () =>
            {
                Removed(framework, entry, why);
                done.SetResult(OperatorResult.Done);
            },
            cause =>
            {
                framework.IsLeaving = false;
                if (framework.IsConnected) MarkAllDirty();
                else AwaitFailover(framework, StoreRetry);
                done.SetResult(OperatorResult.Unavailable(cause));
            });
        return done.Task;
    }

    private void Removed(Framework framework, FrameworkEntry entry, string why)
    {
        _log.LogInformation("Framework {Framework} ({Name}) ends: {Why}", framework.Id.Value, framework.Info.Name, why);
        framework.UnregisteredAt = entry.RemovedAt;
        framework.Failover?.Cancel();
        framework.Heartbeat?.Cancel();
        TakeBackAll(framework);
        framework.Stream?.Close();
        framework.Stream = null;
        Forget(RegistryKeys.Frameworks, [.. _removed.Put(framework.Id, entry, _options.MaxRemembered).Select(id => id.Value)]);

        // The tasks stay in the accounts until their agents say that they have ended.
        foreach (var agent in framework.Tasks.Values.Select(task => task.AgentId).Distinct().ToList())
            _agents[agent].Stream?.Send(new AgentEvent { Type = AgentEventType.KillFramework, KillFramework = framework.Id });
        foreach (var task in framework.Tasks.Values.ToList())
        {
            // What it was sent nobody else acknowledges, and the agent waits with what comes next.
            SendAcknowledge(_agents[task.AgentId], framework.Id, task.Id, task.SentUuid);
            if (task.State.IsTerminal()) Complete(framework, task);
        }

        Retire(framework);
        FrameworkRemoved(framework);
    }

    private static void Fail(EventStream<SchedulerEvent> stream, string message)
    {
        stream.Send(new SchedulerEvent { Type = EventType.Error, Error = new ErrorEvent(message) });
        stream.Close();
    }

    private void NotSubscribed(FrameworkId id, EventStream<SchedulerEvent> stream, string cause)
    {
        if (_subscribing.GetValueOrDefault(id) == stream) _subscribing.Remove(id);
        stream.Refuse(cause);
    }

    private void Subscribed(FrameworkEntry entry, SubscribeCall call, EventStream<SchedulerEvent> stream)
    {
        var id = entry.Info.Id!.Value;

        // A newer subscription has overtaken this one, or the framework was torn down meanwhile.
        if (_subscribing.GetValueOrDefault(id) != stream || _removed.Contains(id))
        {
            Fail(stream, "Framework failed over");
            return;
        }

        _changes.Advance();
        _subscribing.Remove(id);
        var isNew = !_frameworks.TryGetValue(id, out var framework);
        if (framework is null)
        {
            framework = new Framework(entry.Info, entry.RegisteredAt);
            _frameworks[id] = framework;
        }
        else if (framework.UnregisteredAt is not null)
        {
            Fail(stream, "Framework has been removed");
            return;
        }
        else
        {
            framework.Info = entry.Info;
            framework.ReregisteredAt = Now;
        }

        if (framework.Stream is { } old)
        {
            framework.Stream = null;
            framework.Heartbeat?.Cancel();
            Fail(old, "Framework failed over");
        }

        framework.Failover?.Cancel();
        framework.IsRecovered = false;
        TakeBackAll(framework);
        framework.ForgetRefusals(framework.Roles);
        framework.Suppressed.Clear();
        framework.Suppressed.UnionWith(call.SuppressedRoles ?? []);
        framework.Stream = stream;
        stream.Send(new SchedulerEvent
        {
            Type = EventType.Subscribed,
            Subscribed = new SubscribedEvent(id, _options.HeartbeatInterval.TotalSeconds),
        });
        stream.Send(new SchedulerEvent { Type = EventType.Heartbeat });
        Beat(framework, stream);
        _log.LogInformation("Framework {Framework} ({Name}) is subscribed", id.Value, framework.Info.Name);
        FrameworkChanged(framework, isNew);
        if (stream.IsClosed) StreamEnded(stream, id);
        else MarkAllDirty();
    }

    private void Beat(Framework framework, EventStream<SchedulerEvent> stream) =>
        framework.Heartbeat = _loop.After(_options.HeartbeatInterval, () =>
        {
            if (framework.Stream != stream) return;
            stream.Send(new SchedulerEvent { Type = EventType.Heartbeat });
            Beat(framework, stream);
        });

    private void AwaitFailover(Framework framework) => AwaitFailover(framework, LongDurations.FromSeconds(framework.Info.FailoverTimeout ?? 0));

    private void AwaitFailover(Framework framework, TimeSpan timeout)
    {
        framework.Failover?.Cancel();
        framework.Failover = _loop.After(timeout, () =>
        {
            if (!framework.IsConnected) _ = Remove(framework, "it did not return within its failover timeout");
        });
    }

    // Out of sight once nothing of it runs any more.
    private void Retire(Framework framework)
    {
        if (framework.UnregisteredAt is null || framework.Tasks.Count > 0 || !_removed.Contains(framework.Id)) return;
        if (!_frameworks.Remove(framework.Id)) return;
        _completed.Put(framework.Id, framework, _options.MaxCompletedFrameworks);
    }
}
