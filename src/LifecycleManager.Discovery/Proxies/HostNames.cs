using System.Net;
using System.Net.Sockets;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Discovery.Proxies;

/// <summary>
/// Which hosts can be resolved: a proxy refuses a whole configuration for the sake of one name that it cannot look up, at its
/// start and at each reload.
/// </summary>
/// <param name="resolve">Looks a name up; throws <see cref="SocketException"/> where there is none.</param>
/// <param name="time">The time.</param>
public sealed class HostNames(Func<string, CancellationToken, Task<IPAddress[]>> resolve, TimeProvider time)
{
    private const int AtOnce = 32;
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, long> _found = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Asks the system.</summary>
    public HostNames(TimeProvider time)
        : this(Dns.GetHostAddressesAsync, time)
    {
    }

    /// <summary>
    /// Those of the hosts that cannot be resolved. Where none of several names can be, and the name service says of one that it
    /// failed, it is the name service that is away, and nothing is known of any host.
    /// </summary>
    /// <exception cref="ProxyException">The name service is away.</exception>
    public async Task<IReadOnlySet<string>> UnresolvedAsync(IEnumerable<string> hosts, CancellationToken cancellation)
    {
        var names = hosts.Where(host => !IPAddress.TryParse(host, out _)).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        var asked = names.Where(name => !_found.TryGetValue(name, out var at) || time.GetElapsedTime(at) > Fresh).ToList();
        var failures = new Dictionary<string, bool>(StringComparer.OrdinalIgnoreCase);
        await Parallel.ForEachAsync(
            asked, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation },
            async (name, token) =>
            {
                var failed = await FailureAsync(name, token);
                lock (failures)
                {
                    if (failed is { } isService) failures[name] = isService;
                    else _found[name] = time.GetTimestamp();
                }
            });
        foreach (var gone in _found.Keys.Except(names, StringComparer.OrdinalIgnoreCase).Concat(failures.Keys).ToList())
            _found.Remove(gone);
        return names.Count > 1 && failures.Count == names.Count && failures.ContainsValue(true)
            ? throw new ProxyException($"none of {names.Count} host names can be looked up: the name service does not answer")
            : failures.Keys.ToHashSet(StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Null for a name that is there; else whether the name service failed, and not the name.</summary>
    private async Task<bool?> FailureAsync(string name, CancellationToken cancellation)
    {
        using var limit = new TimeLimit(time, AnswerLimit, cancellation);
        try
        {
            return (await resolve(name, limit.Token)).Length > 0 ? null : false;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode is SocketError.TryAgain or SocketError.NoRecovery;
        }
        catch (ArgumentException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return true;
        }
    }
}
