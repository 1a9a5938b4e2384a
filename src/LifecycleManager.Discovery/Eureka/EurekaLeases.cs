namespace LifecycleManager.Discovery.Eureka;

/// <summary>
/// The leases that are held in Eureka, and which calls are due for them. Pure: it knows what was called when, by a clock that
/// never goes back.
/// </summary>
internal sealed class EurekaLeases(TimeSpan renewal)
{
    private readonly Dictionary<string, Lease> _leases = new(StringComparer.Ordinal);

    // Instances that Eureka has said not to know.
    private readonly HashSet<string> _unknown = new(StringComparer.Ordinal);

    /// <summary>What is due: first what gets no more work, then new and changed registrations, then the rest.</summary>
    public IReadOnlyList<EurekaCall> Due(IReadOnlyDictionary<string, EurekaRegistration> wanted, TimeSpan now)
    {
        _unknown.RemoveWhere(id => !wanted.ContainsKey(id));
        return
        [
            .. wanted.Values.Select(registration => Due(registration, now)).OfType<EurekaCall>()
                .Concat(_leases.Where(lease => !wanted.ContainsKey(lease.Key))
                    .Select(lease => new EurekaCall(EurekaCallKind.Cancel, lease.Value.Registration)))
                .OrderBy(call => call.Kind),
        ];
    }

    /// <summary>What came of a call.</summary>
    public void Record(EurekaCall call, EurekaOutcome outcome, TimeSpan now)
    {
        var id = call.Registration.InstanceId;
        switch (outcome)
        {
            case EurekaOutcome.Done when call.Kind == EurekaCallKind.Cancel:
                _leases.Remove(id);
                break;
            case EurekaOutcome.Unknown:
                // Eureka does not have it: gone as wanted, or to be registered again.
                _leases.Remove(id);
                _unknown.Add(id);
                break;
            case EurekaOutcome.Done:
                _leases[id] = new Lease(call.Registration, now);
                _unknown.Remove(id);
                break;
            default:
                break;
        }
    }

    /// <summary>Forgets everything: another scheduler leads, and goes on with it.</summary>
    public void Forget()
    {
        _leases.Clear();
        _unknown.Clear();
    }

    private EurekaCall? Due(EurekaRegistration wanted, TimeSpan now)
    {
        var held = _leases.GetValueOrDefault(wanted.InstanceId);
        var isUnknown = _unknown.Contains(wanted.InstanceId);
        EurekaCallKind? kind = wanted.Status switch
        {
            _ when held is not null && (held.Registration == wanted || wanted.Status == EurekaStatus.AsItIs) =>
                now >= held.RenewedAt + renewal ? EurekaCallKind.Renew : null,

            // Its state is the server's word: a registration anew does not take back that it is up. One that is not there is out.
            EurekaStatus.OutOfService => isUnknown ? null : EurekaCallKind.TakeOut,

            // An earlier leader may have registered it, with what was known then.
            EurekaStatus.AsItIs => isUnknown ? EurekaCallKind.Register : EurekaCallKind.Renew,
            _ => EurekaCallKind.Register,
        };
        return kind is { } due ? new EurekaCall(due, wanted) : null;
    }

    private sealed record Lease(EurekaRegistration Registration, TimeSpan RenewedAt);
}

/// <summary>A call to Eureka.</summary>
internal sealed record EurekaCall(EurekaCallKind Kind, EurekaRegistration Registration);

/// <summary>The kinds of calls, the most urgent first.</summary>
internal enum EurekaCallKind
{
    /// <summary>Its status is overridden: it is out of service.</summary>
    TakeOut,
    Register,
    Renew,
    Cancel,
}

/// <summary>What came of a call.</summary>
internal enum EurekaOutcome
{
    /// <summary>It was taken.</summary>
    Done,

    /// <summary>Eureka does not know the instance.</summary>
    Unknown,

    /// <summary>Nobody answered, or with an error.</summary>
    Failed,
}
