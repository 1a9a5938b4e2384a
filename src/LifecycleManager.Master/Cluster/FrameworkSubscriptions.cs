using LifecycleManager.Master.Registry;
using LifecycleManager.Master.Streams;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Security;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Cluster;

/// <summary>Frameworks: subscription, failover, end.</summary>
internal sealed class FrameworkSubscriptions(
    ClusterServices services, AgentTable agents, FrameworkTable frameworks, AllocationQueue allocations, OfferTable offers,
    ClusterTasks tasks, OperatorEvents events, ClusterViews views, OpenStreams streams)
{
    private readonly Dictionary<FrameworkId, EventStream<SchedulerEvent>> _subscribing = [];
    private long _next;

    /// <summary>SUBSCRIBE: the stream gets SUBSCRIBED or ERROR first.</summary>
    /// <param name="call">The call.</param>
    /// <param name="stream">Where its events go.</param>
    /// <param name="principal">Who subscribes; null where nobody is asked.</param>
    public void Subscribe(SubscribeCall call, EventStream<SchedulerEvent> stream, Principal? principal = null)
    {
        if (stream.IsClosed) return;
        var info = call.FrameworkInfo;
        services.Metrics.Mesos.Inc(info.Id is null, MasterCount.MessagesRegisterFramework,
            MasterCount.MessagesReregisterFramework);
        if (FrameworkInfos.Problem(info) is { } problem)
        {
            Fail(stream, problem);
            return;
        }

        if (principal is not null && FrameworkInfos.Roles(info).Where(role => !principal.MayRunAs(role))
            .ToList() is { Count: > 0 } refused)
        {
            Fail(stream,
                $"Principal '{principal.Name}' is not authorized to use the roles {string.Join(", ", refused.Select(role => $"'{role}'"))}");
            return;
        }

        if (info.Id is { } id && id.Value.Length > 0)
        {
            if (principal is not null && frameworks.Known.GetValueOrDefault(id)?.Info.Principal is { } owner
                && owner != principal.Name)
            {
                Fail(stream, $"Framework is of another principal than '{principal.Name}'");
                return;
            }

            if (frameworks.Known.GetValueOrDefault(id) is { IsLeaving: true, UnregisteredAt: null })
            {
                // What is being decided about it comes first.
                services.Commit([], () => Subscribe(call, stream, principal), _ => Subscribe(call, stream, principal));
                return;
            }

            if (frameworks.IsRemoved(id) || frameworks.Known.GetValueOrDefault(id)?.UnregisteredAt is not null)
            {
                Fail(stream, "Framework has been removed");
                return;
            }
        }
        else
        {
            id = new FrameworkId($"{services.MasterId}-{_next++:D4}");
            info = info with { Id = id };
        }

        if (frameworks.Known.Values.Count(framework => framework.IsConnected) >= services.Options.MaxSubscribers)
        {
            Fail(stream, $"{services.Options.MaxSubscribers} frameworks are subscribed already");
            return;
        }

        var known = frameworks.Known.GetValueOrDefault(id);
        var entry = new FrameworkEntry(info, known?.RegisteredAt ?? services.Now);
        services.Changes.Advance();
        streams.Add(stream);
        _subscribing[id] = stream;
        stream.FrameworkId = id;

        // Behind a change that is on its way: what is stored last is what holds.
        var isStored = known is { Updates: 0 }
            && RegistryWrites.Same(entry, new FrameworkEntry(known.Info, known.RegisteredAt),
                RegistryJson.Default.FrameworkEntry);
        if (isStored) Subscribed(entry, call, stream);
        else frameworks.Store(entry, () => Subscribed(entry, call, stream), cause => NotSubscribed(id, stream, cause));
    }

    /// <summary>A framework's connection has ended.</summary>
    public void StreamEnded(EventStream<SchedulerEvent> stream, FrameworkId? id)
    {
        services.Changes.Advance();
        services.Effects.Close(stream);
        streams.Remove(stream);
        if (id is not { } known || !frameworks.Known.TryGetValue(known, out var framework) || framework.Stream != stream) return;
        services.Log.LogInformation(
            "Framework {Framework} ({Name}) has disconnected{Why}", known.Value, framework.Info.Name,
            stream.IsOverrun ? ": it did not keep up with its events" : "");
        framework.Stream = null;
        framework.Heartbeat?.Cancel();
        offers.TakeBackAll(framework);
        AwaitFailover(framework);
        events.FrameworkChanged(() => views.Of(framework), isNew: false);
    }

    /// <summary>TEARDOWN, or the end of its failover timeout: its tasks are ended and it can never return.</summary>
    /// <returns>Completes when that is durable: 200, or 503 where the store refuses it.</returns>
    public Task<OperatorResult> Remove(Framework framework, string why)
    {
        var done = new TaskCompletionSource<OperatorResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (framework.UnregisteredAt is not null) return Task.FromResult(OperatorResult.Done);
        if (framework.IsLeaving) return OperatorResult.Conflict($"Framework {framework.Id.Value} is being removed");
        services.Changes.Advance();
        framework.IsLeaving = true;
        framework.Failover?.Cancel();
        offers.TakeBackAll(framework);
        var entry = new FrameworkEntry(framework.Info, framework.RegisteredAt, services.Now);
        frameworks.Store(
            entry,
            () =>
            {
                Removed(framework, entry, why);
                done.SetResult(OperatorResult.Done);
            },
            cause =>
            {
                framework.IsLeaving = false;
                if (framework.IsConnected) allocations.MarkAllDirty();
                else AwaitFailover(framework, ClusterServices.StoreRetry);
                done.SetResult(OperatorResult.Unavailable(cause));
            });
        return done.Task;
    }

    /// <summary>TEARDOWN of a framework.</summary>
    public Task<OperatorResult> Teardown(FrameworkId id)
    {
        if (!frameworks.Known.TryGetValue(id, out var framework) || framework.UnregisteredAt is not null)
        {
            return Task.FromResult(new OperatorResult(404, $"No framework found with ID {id.Value}"));
        }

        return Remove(framework, "an operator tore it down");
    }

    /// <summary>
    /// The framework of a task that an agent runs, also where only the agent knows it; null for one that was removed.
    /// </summary>
    public Framework? FrameworkOfAgentsTask(FrameworkId id, RegisterCall call)
    {
        if (frameworks.Known.TryGetValue(id, out var framework)) return framework;
        if (frameworks.IsRemoved(id) || Ids.Problem(id.Value) is not null) return null;
        var info = call.Frameworks?.FirstOrDefault(info => info.Id == id)
            ?? new FrameworkInfo { User = "", Name = id.Value, Id = id };
        framework = new Framework(info, services.Now) { IsRecovered = true };
        frameworks.Add(framework);
        StoreFound(framework);
        AwaitFailover(framework);
        return framework;
    }

    private void StoreFound(Framework framework) =>
        frameworks.Store(new FrameworkEntry(framework.Info, framework.RegisteredAt), static () => { },
            _ => services.Loop.After(ClusterServices.StoreRetry, () =>
        {
            if (frameworks.Known.GetValueOrDefault(framework.Id) == framework && !framework.IsLeaving) StoreFound(framework);
        }));

    private void Removed(Framework framework, FrameworkEntry entry, string why)
    {
        services.Log.LogInformation("Framework {Framework} ({Name}) ends: {Why}", framework.Id.Value, framework.Info.Name, why);
        framework.UnregisteredAt = entry.RemovedAt;
        framework.Failover?.Cancel();
        framework.Heartbeat?.Cancel();
        offers.TakeBackAll(framework);
        services.Effects.Close(framework.Stream);
        framework.Stream = null;
        frameworks.PutRemoved(entry);

        // The tasks stay in the accounts until their agents say that they have ended.
        foreach (var agent in framework.Tasks.Values.Select(task => task.AgentId).Distinct().ToList())
            services.Effects.Send(agents.Registered[agent].Stream, new AgentEvent
            {
                Type = AgentEventType.KillFramework,
                KillFramework = framework.Id
            });
        foreach (var task in framework.Tasks.Values.ToList())
        {
            // What it was sent nobody else acknowledges, and the agent waits with what comes next.
            tasks.SendAcknowledge(agents.Registered[task.AgentId], framework.Id, task.Id, task.SentUuid);
            if (task.State.IsTerminal()) tasks.Complete(framework, task);
        }

        frameworks.Retire(framework);
        events.FrameworkRemoved(framework);
    }

    private void Fail(EventStream<SchedulerEvent> stream, string message)
    {
        services.Effects.Send(stream, Error(message));
        services.Effects.Close(stream);
    }

    private static SchedulerEvent Error(string message) => new() { Type = EventType.Error, Error = new ErrorEvent(message) };

    private void NotSubscribed(FrameworkId id, EventStream<SchedulerEvent> stream, string cause)
    {
        if (_subscribing.GetValueOrDefault(id) == stream) _subscribing.Remove(id);
        services.Effects.Refuse(stream, cause);
    }

    private void Subscribed(FrameworkEntry entry, SubscribeCall call, EventStream<SchedulerEvent> stream)
    {
        var id = entry.Info.Id!.Value;

        // A newer subscription has overtaken this one, or the framework was torn down meanwhile.
        if (_subscribing.GetValueOrDefault(id) != stream || frameworks.IsRemoved(id))
        {
            Fail(stream, "Framework failed over");
            return;
        }

        services.Changes.Advance();
        _subscribing.Remove(id);
        var isNew = !frameworks.Known.TryGetValue(id, out var framework);
        if (framework is null)
        {
            framework = new Framework(entry.Info, entry.RegisteredAt);
            frameworks.Add(framework);
        }
        else if (framework.UnregisteredAt is not null)
        {
            Fail(stream, "Framework has been removed");
            return;
        }
        else
        {
            framework.Info = entry.Info;
            framework.ReregisteredAt = services.Now;
        }

        if (framework.Stream is { } old)
        {
            services.Effects.Send(framework, Error("Framework failed over"));
            services.Effects.Close(old);
            framework.Stream = null;
            framework.Heartbeat?.Cancel();
        }

        framework.Failover?.Cancel();
        framework.IsRecovered = false;
        offers.TakeBackAll(framework);
        framework.ForgetRefusals(framework.Roles);
        framework.Suppressed.Clear();
        framework.Suppressed.UnionWith(call.SuppressedRoles ?? []);
        framework.Stream = stream;
        framework.Counts.Called(CallType.Subscribe);
        services.Effects.Send(framework, new SchedulerEvent
        {
            Type = EventType.Subscribed,
            Subscribed = new SubscribedEvent(id, services.Options.HeartbeatInterval.TotalSeconds,
                MasterInfos.Of(services.MasterId, services.Options.Address)),
        });
        services.Effects.Send(framework, new SchedulerEvent { Type = EventType.Heartbeat });
        Beat(framework, stream);
        services.Log.LogInformation("Framework {Framework} ({Name}) is subscribed", id.Value, framework.Info.Name);
        events.FrameworkChanged(() => views.Of(framework), isNew);
        if (!isNew) AskAgain(id);
        if (stream.IsClosed) StreamEnded(stream, id);
        else allocations.MarkAllDirty();
    }

    /// <summary>
    /// What agents told while it was away was heard by nobody, and they repeat it later and later. All are asked: one may
    /// wait with the status of a task that no master knows.
    /// </summary>
    private void AskAgain(FrameworkId id)
    {
        foreach (var agent in agents.Registered.Values)
            services.Effects.Send(agent.Stream, new AgentEvent { Type = AgentEventType.Resend, Resend = id });
    }

    private void Beat(Framework framework, EventStream<SchedulerEvent> stream) =>
        framework.Heartbeat = services.Loop.After(services.Options.HeartbeatInterval, () =>
        {
            if (framework.Stream != stream) return;
            services.Effects.Send(framework, new SchedulerEvent { Type = EventType.Heartbeat });
            Beat(framework, stream);
        });

    /// <summary>Removes a framework that does not return within its failover timeout.</summary>
    public void AwaitFailover(Framework framework) =>
        AwaitFailover(framework, LongDurations.FromSeconds(framework.Info.FailoverTimeout ?? 0));

    private void AwaitFailover(Framework framework, TimeSpan timeout)
    {
        framework.Failover?.Cancel();
        framework.Failover = services.Loop.After(timeout, () =>
        {
            if (!framework.IsConnected) _ = Remove(framework, "it did not return within its failover timeout");
        });
    }

    /// <summary>REVIVE: forgets what it refused, and offers at once.</summary>
    public void Revive(Framework framework, IReadOnlyList<string>? roles)
    {
        var which = roles is { Count: > 0 } ? roles : framework.Roles;
        services.Metrics.Mesos.Inc(MasterCount.MessagesReviveOffers);
        services.Changes.Advance();
        framework.Suppressed.ExceptWith(which);
        framework.ForgetRefusals(which);
        allocations.MarkAllDirty();
    }

    /// <summary>SUPPRESS: no more offers in these roles.</summary>
    public void Suppress(Framework framework, IReadOnlyList<string>? roles)
    {
        services.Metrics.Mesos.Inc(MasterCount.MessagesSuppressOffers);
        services.Changes.Advance();
        framework.Suppressed.UnionWith(roles is { Count: > 0 } ? roles : framework.Roles);
    }
}
