using System.Text.Json;
using System.Text.Json.Serialization;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Leadership;

/// <summary>
/// Compares the policies of managers: the one that leads tells in the store by which it decides, and one that stands by has a
/// problem while it would decide by others. The leader's count.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="policies">The policies here.</param>
/// <param name="lead">The fence of this manager's lead; null where it does not lead.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Gets what fails.</param>
internal sealed class LeadersRules(
    IStateStore store, Func<PolicySet> policies, Func<Fence?> lead, TimeProvider time, ILogger<LeadersRules> log)
    : BackgroundService
{
    /// <summary>Where the leader tells it.</summary>
    public const string Key = "manager/rules";

    /// <summary>Between two looks: 10 s.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    /// <summary>So long two managers may differ: files are changed on one machine after the other.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private string? _told;
    private long? _differsSince;
    private volatile LeadersEdition? _leaders;
    private volatile string? _problem;

    /// <summary>That this manager would decide by other policies than the leader does; null where not. For any thread.</summary>
    public string? Problem => _problem;

    /// <summary>The digest of the leader's policies; null where this one leads, or it is not known. For any thread.</summary>
    public string? Digest => _leaders?.Digest;

    /// <summary>Tells, or compares.</summary>
    public async Task LookAsync(CancellationToken cancellation)
    {
        var own = policies();
        if (lead() is { } fence)
        {
            (_leaders, _problem, _differsSince) = (null, null, null);
            if (_told == own.Digest) return;
            var edition = new LeadersEdition(own.Digest, own.Policies.Count, time.GetUtcNow());
            await store.WriteAsync(
                [new StateWrite(Key, JsonSerializer.SerializeToUtf8Bytes(edition, LeadersJson.Default.LeadersEdition))], fence,
                cancellation);
            _told = own.Digest;
            return;
        }

        _told = null;
        _leaders = await ReadAsync(cancellation);
        if (_leaders is not { } leaders || leaders.Digest == own.Digest)
        {
            (_problem, _differsSince) = (null, null);
            return;
        }

        var since = _differsSince ??= time.GetTimestamp();
        _problem = time.GetElapsedTime(since) < Patience ? null
            : $"the policies here are not those by which the leader decides: {own.Policies.Count} policies ({own.Digest}), "
                + $"it has {leaders.Policies} ({leaders.Digest}) since {leaders.Since.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z";
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (Exception e) when (e.IsStoreFailure() || e is FencedException)
            {
                // What was known stays; it is asked again.
                log.LogDebug("The policies of managers cannot be compared: {Reason}", e.Message);
            }
        }
    }

    // What cannot be read is not known; the leader writes it anew with its next change.
    private async Task<LeadersEdition?> ReadAsync(CancellationToken cancellation)
    {
        if (await store.GetAsync(Key, cancellation) is not { } stored) return null;
        try
        {
            return JsonSerializer.Deserialize(stored.Value.Span, LeadersJson.Default.LeadersEdition) is { Digest: not null } read
                ? read : null;
        }
        catch (JsonException e)
        {
            log.LogWarning("What {Key} in the store has of the leader's policies cannot be read: {Reason}", Key, e.Message);
            return null;
        }
    }
}

/// <summary>By which policies the leader decides.</summary>
/// <param name="Digest">Of all that they say.</param>
/// <param name="Policies">How many they are.</param>
/// <param name="Since">Since when.</param>
internal sealed record LeadersEdition(string Digest, int Policies, DateTimeOffset Since);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LeadersEdition))]
internal sealed partial class LeadersJson : JsonSerializerContext;
