namespace LifecycleManager.Decisions.Rules;

/// <summary>
/// A condition that holds and has to hold for a time: linked to the match, so that it goes when the condition stops. It ripens
/// as time passes.
/// </summary>
/// <param name="App">The app.</param>
/// <param name="Rule">The index of the rule whose condition it is.</param>
internal sealed record Holding(App App, int Rule)
{
    /// <summary>Whether it has held for long enough.</summary>
    public bool IsRipe { get; set; }

    /// <summary>Whether it holds only if silent instances are taken for idle ones: enough to grow by, once it is ripe.</summary>
    public bool IsAssumed { get; set; }

    /// <summary>Whether it holds by what is no reason to grow: once it holds apart from that, its time begins anew.</summary>
    public bool Stays { get; set; }

    /// <summary>Two are the same only if they are one: a fact that changes is found again by what it is.</summary>
    public bool Equals(Holding? other) => ReferenceEquals(this, other);

    /// <inheritdoc />
    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}
