using System.Security.Cryptography;
using System.Text;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Security;
using LifecycleManager.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LifecycleManager.Scheduler.Api;

/// <summary>
/// Who a client is that has shown a certificate to a scheduler that stands by: its name goes with the hop to the leader, with a
/// proof by a key that only those have who share the schedulers' state. It holds for one call to one leader, so that no header
/// of a client's is ever taken for it.
/// </summary>
internal sealed class CallerHop(IStateStore store, SchedulerOptions options, TimeProvider time) : IPassedOnCalls
{
    /// <summary>Whom the call has come through.</summary>
    public const string Via = "X-Marathon-Via";

    /// <summary>The name of the client's certificate, in base64.</summary>
    public const string Caller = "X-Lcm-Caller";

    /// <summary>Its proof, in base64.</summary>
    public const string Proof = "X-Lcm-Caller-Proof";

    private const int KeyBytes = 32;
    private static readonly TimeSpan ReadInterval = TimeSpan.FromSeconds(1);

    private byte[]? _key;
    private long _read;

    /// <inheritdoc/>
    public bool IsPassedOn(HttpContext context) => context.Request.Headers.ContainsKey(Via);

    /// <inheritdoc/>
    public async ValueTask<string?> CertificateNameAsync(HttpContext context)
    {
        var headers = context.Request.Headers;
        if (headers[Caller] is not [{ Length: > 0 and <= 1024 } caller]
            || headers[Proof] is not [{ Length: > 0 and <= 100 } proof])
            return null;
        var target = context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        var leader = options.Address.GetLeftPart(UriPartial.Authority);
        if (Volatile.Read(ref _key) is { } known && IsProof(known)) return Name(caller);

        // The key may have changed, as by a restore; whoever guesses makes nobody read more than once a second.
        var now = time.GetTimestamp();
        var last = Interlocked.Read(ref _read);
        if (last != 0 && time.GetElapsedTime(last, now) < ReadInterval) return null;
        Interlocked.Exchange(ref _read, now);
        try
        {
            return await ReadAsync(context.RequestAborted) is { } key && IsProof(key) ? Name(caller) : null;
        }
        catch (StateUnavailableException)
        {
            // Nothing is proved.
            return null;
        }

        bool IsProof(byte[] key) => CryptographicOperations.FixedTimeEquals(
            Encoding.ASCII.GetBytes(proof), Encoding.ASCII.GetBytes(Sign(key, leader, context.Request.Method, target, caller)));
    }

    /// <summary>
    /// Puts the name of the client's certificate, which this scheduler has verified, into a call that is passed on.
    /// </summary>
    public async Task SignAsync(HttpRequestMessage message, string leader, string name, CancellationToken cancellation)
    {
        var key = Volatile.Read(ref _key) ?? await ReadAsync(cancellation) ?? await MakeAsync(cancellation);
        var caller = Convert.ToBase64String(Encoding.UTF8.GetBytes(name));
        message.Headers.TryAddWithoutValidation(Caller, caller);
        message.Headers.TryAddWithoutValidation(Proof,
            Sign(key, leader, message.Method.Method, message.RequestUri!.PathAndQuery, caller));
    }

    private static string Sign(byte[] key, string leader, string method, string target, string caller) => Convert.ToBase64String(
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(string.Join('\n', "lcm-caller-1", leader, method, target, caller))));

    private static string? Name(string caller)
    {
        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(caller));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private async Task<byte[]?> ReadAsync(CancellationToken cancellation)
    {
        if (await store.GetAsync(SchedulerKeys.CallerKey, cancellation) is not { Value.Length: KeyBytes } entry) return null;
        var key = entry.Value.ToArray();
        Volatile.Write(ref _key, key);
        return key;
    }

    /// <summary>The first scheduler that needs it makes it; of several at once, one.</summary>
    private async Task<byte[]> MakeAsync(CancellationToken cancellation)
    {
        try
        {
            await store.WriteAsync(
                [new StateWrite(SchedulerKeys.CallerKey, RandomNumberGenerator.GetBytes(KeyBytes), ExpectedVersion: 0)], null,
                cancellation);
        }
        catch (StateConflictException)
        {
            // Another has made it.
        }

        return await ReadAsync(cancellation)
            ?? throw new StateUnavailableException($"what is stored at '{SchedulerKeys.CallerKey}' is no key");
    }
}
