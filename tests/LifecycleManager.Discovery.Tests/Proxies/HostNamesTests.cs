using System.Net;
using System.Net.Sockets;
using LifecycleManager.Discovery.Proxies;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Discovery.Tests.Proxies;

public sealed class HostNamesTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Dictionary<string, SocketError> _fails = [];
    private readonly List<string> _asked = [];

    [Fact]
    public async Task A_name_that_is_nowhere_is_told_and_addresses_are_not_asked_for()
    {
        _fails["gone"] = SocketError.HostNotFound;
        var names = Names();
        Assert.Equal(["gone"], await names.UnresolvedAsync(["127.0.0.1", "::1", "node1", "gone", "NODE1"], default));
        Assert.Equal(["gone", "node1"], _asked.Order());
    }

    [Fact]
    public async Task What_was_found_is_believed_for_a_minute_and_what_was_not_is_asked_again()
    {
        _fails["b"] = SocketError.HostNotFound;
        var names = Names();
        Assert.Equal(["b"], await names.UnresolvedAsync(["a", "b"], default));
        _fails.Clear();
        _fails["a"] = SocketError.HostNotFound;
        Assert.Empty(await names.UnresolvedAsync(["a", "b"], default));
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(["a"], await names.UnresolvedAsync(["a", "b"], default));
    }

    [Fact]
    public async Task A_name_service_that_is_away_leaves_all_as_it_is()
    {
        _fails["a"] = _fails["b"] = SocketError.TryAgain;
        var problem = await Assert.ThrowsAsync<ProxyException>(() => Names().UnresolvedAsync(["a", "b"], default));
        Assert.Contains("the name service does not answer", problem.Message);

        // One name alone may be the only one that there is.
        Assert.Equal(["a"], await Names().UnresolvedAsync(["a", "127.0.0.1"], default));
        Assert.Equal(["a"], await Names().UnresolvedAsync(["a", "c"], default));
    }

    private HostNames Names() => new((name, _) =>
    {
        lock (_asked) _asked.Add(name.ToLowerInvariant());
        return _fails.TryGetValue(name, out var error) ? Task.FromException<IPAddress[]>(new SocketException((int)error))
            : Task.FromResult<IPAddress[]>([IPAddress.Loopback]);
    }, _time);
}
