using System.Net;
using System.Security.Cryptography;
using System.Text;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Security;
using LifecycleManager.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LifecycleManager.Scheduler.Api;

/// <summary>
/// What a scheduler that stands by knows of a client: the name of its certificate, and its address. They go with the hop to the
/// leader, each with a proof by a key that only those have who share the schedulers' state. It holds for one call to one leader,
/// so that no header of a client's is ever taken for it.
/// </summary>
internal sealed class CallerHop(IStateStore store, SchedulerOptions options, TimeProvider time) : IPassedOnCalls
{
    /// <summary>Whom the call has come through.</summary>
    public const string Via = "X-Marathon-Via";

    /// <summary>The name of the client's certificate, in base64.</summary>
    public const string Caller = "X-Lcm-Caller";

    /// <summary>Its proof, in base64.</summary>
    public const string Proof = "X-Lcm-Caller-Proof";

    /// <summary>The address that the client has called from.</summary>
    public const string Address = "X-Lcm-Client-Address";

    /// <summary>Its proof, in base64.</summary>
    public const string AddressProof = "X-Lcm-Client-Address-Proof";

    // What a proof is of: one of a name is none of an address.
    private const string OfName = "lcm-caller-1";
    private const string OfAddress = "lcm-address-1";

    private const int KeyBytes = 32;
    private static readonly TimeSpan ReadInterval = TimeSpan.FromSeconds(1);

    private byte[]? _key;
    private long _read;

    /// <inheritdoc/>
    public bool IsPassedOn(HttpContext context) => context.Request.Headers.ContainsKey(Via);

    /// <inheritdoc/>
    public async ValueTask<string?> CertificateNameAsync(HttpContext context) =>
        await ProvedAsync(context, OfName, Caller, Proof) is { } caller ? Name(caller) : null;

    /// <inheritdoc/>
    public async ValueTask<IPAddress?> ClientAddressAsync(HttpContext context) =>
        await ProvedAsync(context, OfAddress, Address, AddressProof) is { } address
            && IPAddress.TryParse(address, out var parsed) ? parsed : null;

    /// <summary>
    /// Puts the name of the client's certificate, which this scheduler has verified, into a call that is passed on.
    /// </summary>
    public async Task SignAsync(HttpRequestMessage message, string leader, string name, CancellationToken cancellation)
    {
        var caller = Convert.ToBase64String(Encoding.UTF8.GetBytes(name));
        Put(message, leader, await KeyAsync(cancellation), OfName, (Caller, caller), Proof);
    }

    /// <summary>
    /// Puts the address that the client has called from into a call that is passed on; while the store cannot be read, nothing.
    /// </summary>
    public async Task SignAsync(HttpRequestMessage message, string leader, IPAddress address, CancellationToken cancellation)
    {
        try
        {
            Put(message, leader, await KeyAsync(cancellation), OfAddress, (Address, address.ToString()), AddressProof);
        }
        catch (StateUnavailableException)
        {
            // The leader takes this scheduler's address for the client's.
        }
    }

    /// <summary>What a header of a passed on call says, where that is proved; else null.</summary>
    private async ValueTask<string?> ProvedAsync(HttpContext context, string what, string header, string proofHeader)
    {
        var headers = context.Request.Headers;
        if (headers[header] is not [{ Length: > 0 and <= 1024 } said]
            || headers[proofHeader] is not [{ Length: > 0 and <= 100 } proof])
            return null;
        var target = context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        var leader = options.Address.GetLeftPart(UriPartial.Authority);
        if (Volatile.Read(ref _key) is { } known && IsProof(known)) return said;

        // The key may have changed, as by a restore; whoever guesses makes nobody read more than once a second.
        var now = time.GetTimestamp();
        var last = Interlocked.Read(ref _read);
        if (last != 0 && time.GetElapsedTime(last, now) < ReadInterval) return null;
        Interlocked.Exchange(ref _read, now);
        try
        {
            return await ReadAsync(context.RequestAborted) is { } key && IsProof(key) ? said : null;
        }
        catch (StateUnavailableException)
        {
            // Nothing is proved.
            return null;
        }

        bool IsProof(byte[] key) => CryptographicOperations.FixedTimeEquals(
            Encoding.ASCII.GetBytes(proof), Encoding.ASCII.GetBytes(
                Sign(key, what, leader, context.Request.Method, target, said)));
    }

    private static void Put(
        HttpRequestMessage message, string leader, byte[] key, string what, (string Name, string Value) header, string proof)
    {
        message.Headers.TryAddWithoutValidation(header.Name, header.Value);
        message.Headers.TryAddWithoutValidation(
            proof, Sign(key, what, leader, message.Method.Method, message.RequestUri!.PathAndQuery, header.Value));
    }

    private static string Sign(byte[] key, string what, string leader, string method, string target, string said) =>
        Convert.ToBase64String(
            HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(string.Join('\n', what, leader, method, target, said))));

    private async Task<byte[]> KeyAsync(CancellationToken cancellation) =>
        Volatile.Read(ref _key) ?? await ReadAsync(cancellation) ?? await MakeAsync(cancellation);

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
