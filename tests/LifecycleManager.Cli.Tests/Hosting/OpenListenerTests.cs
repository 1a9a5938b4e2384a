using System.Net;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Cli.Tests.Commands;

namespace LifecycleManager.Cli.Tests.Hosting;

public sealed class OpenListenerTests
{
    [Theory]
    [InlineData("127.0.0.1", false, false)]
    [InlineData("127.9.9.9", false, false)]
    [InlineData("::1", false, false)]
    [InlineData("0.0.0.0", true, false)]
    [InlineData("192.0.2.1", true, true)]
    public void A_listener_on_loopback_or_one_that_asks_needs_no_word(string address, bool asks, bool allowed) =>
        Assert.Empty(OpenListener.Check([IPAddress.Parse(address)], asks, allowed));

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    [InlineData("192.0.2.1")]
    [InlineData("2001:db8::1")]
    public void One_that_others_reach_and_that_asks_nobody_is_refused_or_warned_of(string address)
    {
        var refusal = Assert.Throws<CliException>(() => OpenListener.Check(Both(), asks: false, allowed: false));
        Assert.Contains("--credentials or --tls-client-ca", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("--insecure", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(address, Assert.Single(OpenListener.Check(Both(), asks: false, allowed: true)), StringComparison.Ordinal);

        IEnumerable<IPAddress> Both() => [IPAddress.Loopback, IPAddress.Parse(address)];
    }

    /// <summary>No role of any command listens where others reach it without a word of its operator's.</summary>
    [Theory]
    [InlineData("master")]
    [InlineData("agent", "--master", "http://127.0.0.1:9")]
    [InlineData("scheduler")]
    [InlineData("manager")]
    [InlineData("up")]
    public async Task No_command_serves_other_machines_unasked(params string[] command)
    {
        var directory = Directory.CreateTempSubdirectory("lcm-open-").FullName;
        try
        {
            var ran = await Lcm.RunAsync([.. command, "--bind", "192.0.2.1", "--work-dir", directory]);
            Assert.Equal(ExitStatus.Failure, ran.Code);
            Assert.Contains("192.0.2.1 is to be reached by other machines", ran.Error, StringComparison.Ordinal);
            Assert.Single(ran.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
