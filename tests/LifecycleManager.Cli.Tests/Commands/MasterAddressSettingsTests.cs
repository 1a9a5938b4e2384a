using System.CommandLine;
using System.Text;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Configuration;
using Microsoft.Extensions.Configuration;

namespace LifecycleManager.Cli.Tests.Commands;

/// <summary>Where agents and schedulers are told of masters.</summary>
public sealed class MasterAddressSettingsTests
{
    [Fact]
    public void Addresses_are_given_or_looked_up()
    {
        var (given, none) = Read(["--master", "http://a:5050,https://b:5050"]);
        Assert.Equal(["http://a:5050/", "https://b:5050/"], given.Select(address => $"{address}"));
        Assert.Null(none);
        var (servers, directory) = Read(["--master", "zk://a,b:2182/mesos"]);
        Assert.Equal(["zk://a:2181/mesos", "zk://b:2182/mesos"], servers.Select(server => $"{server}"));
        Assert.Equal("zk://a:2181/mesos", $"{directory!.Name}");
        Assert.Equal(["http://127.0.0.1:5050/"], Read([]).Addresses.Select(address => $"{address}"));
        Assert.Equal(["https://joined:5050/"], Read([], [new Uri("https://joined:5050")]).Addresses.Select(one => $"{one}"));
    }

    [Theory]
    [InlineData("zk://a/mesos,zk://b/mesos", "between zk:// and the path")]
    [InlineData("zk://user:secret@a/mesos", "a password does not belong into it")]
    [InlineData("zk://user@a/mesos", "needs a password")]
    [InlineData("zk://a:x/mesos", "the port of a")]
    [InlineData("http://a,zk://b/mesos", "http")]
    public async Task What_is_wrong_is_one_line_without_a_secret(string masters, string says)
    {
        foreach (var role in (string[])["agent", "scheduler"])
        {
            var run = await Lcm.RunAsync(role, "--master", masters, "--work-dir", Path.GetTempPath());
            Assert.NotEqual(0, run.Code);
            Assert.Contains("--master", run.Error, StringComparison.Ordinal);
            Assert.Contains(says, run.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", run.Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{"id":"m","ip":1,"port":5050,"hostname":"m1","address":{"hostname":"m.org","ip":"10.0.0.1","port":1}}""",
        "http://m.org:1/")]
    [InlineData("""{"id":"m","ip":16777343,"port":5050,"hostname":"m1","pid":"master@127.0.0.1:5050"}""", "http://m1:5050/")]
    [InlineData("""{"id":"m","ip":0,"port":5050,"address":{"ip":"fd00::1","port":5050}}""", "http://[fd00::1]:5050/")]
    [InlineData("""{"id":"m","ip":0,"port":0,"hostname":"m1"}""", null)]
    [InlineData("""{"id":"m","ip":0,"port":5050,"hostname":"m 1/x"}""", null)]
    [InlineData("""{"id":"m","ip":0,"port":5050}""", null)]
    [InlineData("""{"id":""", null)]
    [InlineData("null", null)]
    public void A_masters_node_says_where_it_is(string node, string? address) =>
        Assert.Equal(address, MasterAddressSettings.Address(Encoding.UTF8.GetBytes(node))?.ToString());

    private static (IReadOnlyList<Uri> Addresses, Clients.Addresses.AddressDirectory? Directory) Read(
        string[] arguments, IReadOnlyList<Uri>? joined = null)
    {
        var command = new Command("role");
        var masters = new MasterAddressSettings(command, new Settings(new ConfigurationBuilder().Build()), "");
        var parse = command.Parse(arguments);
        Assert.Empty(parse.Errors);
        return (masters.Addresses(parse, joined ?? []), masters.Directory(parse));
    }
}
