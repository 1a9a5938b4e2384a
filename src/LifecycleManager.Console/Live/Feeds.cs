using LifecycleManager.Console.Callers;
using LifecycleManager.Console.Clients;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Console.Live;

/// <summary>The feeds, one a caller: pages of one caller share what they show, pages of two never do.</summary>
/// <param name="http">Makes the callers' clients.</param>
/// <param name="options">Where the roles are.</param>
/// <param name="places">Finds where instances are.</param>
/// <param name="time">The clock.</param>
/// <param name="loggers">The logs.</param>
internal sealed class Feeds(
    RoleHttp http, ConsoleOptions options, AgentListClient places, TimeProvider time, ILoggerFactory loggers)
{
    /// <summary>Feeds that are kept, whose last value is there for the next page.</summary>
    private const int Most = 32;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Feed> _feeds = new(StringComparer.Ordinal);

    /// <summary>The feed of a caller.</summary>
    public Feed Of(PageCaller caller)
    {
        var key = caller.Key;
        lock (_gate)
        {
            if (_feeds.TryGetValue(key, out var feed) && feed.Caller.IsSameAs(caller)) return feed;
            if (_feeds.Count >= Most)
            {
                foreach (var (idle, _) in _feeds.Where(entry => !entry.Value.IsFollowed).ToList()) _feeds.Remove(idle);
                if (_feeds.Count >= Most) _feeds.Remove(_feeds.Keys.First());
            }

            // A caller who may do something else by now has another; the pages of before keep theirs.
            return _feeds[key] = new Feed(caller, http, options, places, time, loggers);
        }
    }
}
