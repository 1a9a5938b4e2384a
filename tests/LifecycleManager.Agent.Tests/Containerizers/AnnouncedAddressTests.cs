using System.Net;
using LifecycleManager.Agent.Containerizers;

namespace LifecycleManager.Agent.Tests.Containerizers;

public sealed class AnnouncedAddressTests
{
    [Theory]
    [InlineData("127.0.0.2", "node1", "127.0.0.2")]
    [InlineData("0.0.0.0", "10.1.2.3", "10.1.2.3")]
    [InlineData("::", "10.1.2.3", "10.1.2.3")]
    public void A_stated_address_counts_else_that_of_the_host_name(string task, string hostname, string announced) =>
        Assert.Equal(announced, AnnouncedAddress.Of(Options(task, hostname)));

    [Theory]
    [InlineData("localhost")]
    [InlineData("no-such-name.invalid")]
    public void A_name_that_leads_nowhere_else_gives_way_to_an_interface(string hostname)
    {
        var found = AnnouncedAddress.Of(Options("0.0.0.0", hostname));

        Assert.Equal(Machine() is [], IPAddress.IsLoopback(IPAddress.Parse(found)));
    }

    private static AgentOptions Options(string task, string hostname) => new()
    {
        WorkDirectory = "",
        Hostname = hostname,
        TaskAddress = IPAddress.Parse(task),
    };

    private static IPAddress[] Machine() =>
    [
        .. System.Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces()
            .Where(network => network.OperationalStatus == System.Net.NetworkInformation.OperationalStatus.Up)
            .SelectMany(network => network.GetIPProperties().UnicastAddresses).Select(unicast => unicast.Address)
            .Where(address => address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork
                && !IPAddress.IsLoopback(address)),
    ];
}
