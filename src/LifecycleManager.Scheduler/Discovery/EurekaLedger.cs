namespace LifecycleManager.Scheduler.Discovery;

/// <summary>What is to be told to Eureka next. Pure: it knows what was told, and when, by a clock that never goes back.</summary>
internal sealed class EurekaLedger(TimeSpan renewal)
{
    private readonly Dictionary<string, Entry> _known = new(StringComparer.Ordinal);

    /// <summary>What is due, new and changed registrations first.</summary>
    public IReadOnlyList<EurekaCall> Due(IReadOnlyDictionary<string, EurekaRegistration> wanted, TimeSpan now)
    {
        var due = new List<EurekaCall>();
        foreach (var (id, registration) in wanted)
        {
            if (!_known.TryGetValue(id, out var entry) || entry.Registration != registration)
                due.Add(new EurekaCall(EurekaCallKind.Register, registration));
        }

        foreach (var (id, entry) in _known)
        {
            if (!wanted.ContainsKey(id)) due.Add(new EurekaCall(EurekaCallKind.Cancel, entry.Registration));
            else if (entry.Registration == wanted[id] && now >= entry.ToldAt + renewal)
                due.Add(new EurekaCall(EurekaCallKind.Renew, entry.Registration));
        }

        return due;
    }

    /// <summary>What came of a call.</summary>
    public void Told(EurekaCall call, EurekaOutcome outcome, TimeSpan now)
    {
        var id = call.Registration.InstanceId;
        switch (outcome)
        {
            case EurekaOutcome.Done when call.Kind == EurekaCallKind.Cancel:
            case EurekaOutcome.Unknown:
                // Eureka does not have it: gone as wanted, or to be registered again.
                _known.Remove(id);
                break;
            case EurekaOutcome.Done:
                _known[id] = new Entry(call.Registration, now);
                break;
            default:
                break;
        }
    }

    /// <summary>Forgets everything: another scheduler leads, and goes on with it.</summary>
    public void Forget() => _known.Clear();

    private sealed record Entry(EurekaRegistration Registration, TimeSpan ToldAt);
}

/// <summary>A call to Eureka.</summary>
internal sealed record EurekaCall(EurekaCallKind Kind, EurekaRegistration Registration);

/// <summary>The kinds of calls.</summary>
internal enum EurekaCallKind
{
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
