using System.Collections.Immutable;
using System.Text.Json.Serialization;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Storage;

namespace LifecycleManager.Manager.Ownership;

/// <summary>A policy that was ended by hand while its file was gone.</summary>
/// <param name="Policy">Its name.</param>
/// <param name="At">When.</param>
/// <param name="By">Who; null where nobody is asked who he is.</param>
internal sealed record EndedPolicy(string Policy, DateTimeOffset At, string? By);

/// <summary>
/// The policies that were ended by hand, for those managers that come after: the directory does not tell them. A policy that is
/// read from its file again is ended no more.
/// </summary>
internal sealed class EndedPolicies(IStateStore store) : IDisposable
{
    /// <summary>The most that are kept; the oldest go first.</summary>
    private const int MaxEntries = 1_000;

    private readonly StoredList<EndedPolicy> _list =
        new(store, "manager/ended-policies", EndedPolicyJson.Default.IReadOnlyListEndedPolicy);

    /// <summary>Those that are ended.</summary>
    public ImmutableList<EndedPolicy> Entries => _list.Entries;

    /// <summary>Reads them, once: at the beginning of a leadership.</summary>
    public Task LoadAsync(CancellationToken cancellation) => _list.LoadAsync(cancellation);

    /// <summary>Remembers that a policy is ended.</summary>
    public Task AddAsync(EndedPolicy ended, Fence? fence, CancellationToken cancellation) => _list.ChangeAsync(
        entries => entries.RemoveAll(entry => entry.Policy == ended.Policy).Add(ended) is var all && all.Count > MaxEntries
            ? all.RemoveAt(0) : all,
        fence, cancellation);

    /// <summary>Forgets those that are there again.</summary>
    /// <param name="isThere">Whether a policy is read from a file that is there.</param>
    /// <param name="fence">Of the lead.</param>
    /// <param name="cancellation">Gives up.</param>
    public Task SettleAsync(Func<string, bool> isThere, Fence? fence, CancellationToken cancellation) =>
        Entries.IsEmpty ? Task.CompletedTask
            : _list.ChangeAsync(entries => entries.RemoveAll(entry => isThere(entry.Policy)), fence, cancellation);

    public void Dispose() => _list.Dispose();
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IReadOnlyList<EndedPolicy>))]
[JsonSerializable(typeof(EndedPolicy))]
internal sealed partial class EndedPolicyJson : JsonSerializerContext;
