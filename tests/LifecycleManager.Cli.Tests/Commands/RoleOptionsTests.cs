using System.Collections;
using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Reflection;
using LifecycleManager.Agent;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Master;
using Microsoft.Extensions.Configuration;

namespace LifecycleManager.Cli.Tests.Commands;

/// <summary>Whatever a room can be told, the command line can say.</summary>
public sealed class RoleOptionsTests
{
    private static readonly Settings NoSettings = new(new ConfigurationBuilder().Build());

    [Theory]
    [InlineData("--cluster east", "Cluster", "east")]
    [InlineData("--region eu", "Region", "eu")]
    [InlineData("--allocator mine", "Allocator", "mine")]
    [InlineData("--allocation-delay 7ms", "AllocationDelay", "00:00:00.0070000")]
    [InlineData("--allocation-interval 3s", "AllocationInterval", "00:00:03")]
    [InlineData("--offer-timeout 5m", "OfferTimeout", "00:05:00")]
    [InlineData("--agent-ping-timeout 2s", "AgentPingInterval", "00:00:02")]
    [InlineData("--max-agent-ping-timeouts 9", "MaxAgentPings", "9")]
    [InlineData("--agent-reregister-timeout 1h", "AgentReregisterTimeout", "01:00:00")]
    [InlineData("--agent-removal-limit 5", "AgentRemovalLimit", "5")]
    [InlineData("--agent-removal-window 20m", "AgentRemovalWindow", "00:20:00")]
    [InlineData("--heartbeat-interval 1s", "HeartbeatInterval", "00:00:01")]
    [InlineData("--max-agents 77", "MaxAgents", "77")]
    [InlineData("--max-subscribers 78", "MaxSubscribers", "78")]
    [InlineData("--stream-capacity 790", "StreamCapacity", "790")]
    [InlineData("--stream-memory 7MB", "MaxStreamBytes", "7340032")]
    [InlineData("--max-request-body 1MB", "MaxRequestBody", "1048576")]
    [InlineData("--max-completed-frameworks 3", "MaxCompletedFrameworks", "3")]
    [InlineData("--max-completed-tasks-per-framework 4", "MaxCompletedTasks", "4")]
    [InlineData("--max-unreachable-tasks-per-framework 5", "MaxUnreachableTasks", "5")]
    [InlineData("--registry-max-agent-count 600", "MaxRemembered", "600")]
    public void An_option_reaches_the_master(string line, string property, string expected) =>
        Assert.Equal(expected, Text(Master(line.Split(' ', 2)), property));

    [Theory]
    [InlineData("--resources cpus:1", "Resources", "cpus:1")]
    [InlineData("--attributes rack:1", "Attributes", "rack:1")]
    [InlineData("--region eu", "Region", "eu")]
    [InlineData("--zone a", "Zone", "a")]
    [InlineData("--containerizers process", "Containerizers", "process")]
    [InlineData("--docker tcp://127.0.0.1:2375", "Docker", "tcp://127.0.0.1:2375/")]
    [InlineData("--docker-config /c.json", "DockerConfig", "/c.json")]
    [InlineData("--docker-timeout 8s", "DockerTimeout", "00:00:08")]
    [InlineData("--docker-ping 9s", "DockerPing", "00:00:09")]
    [InlineData("--mount-sandbox false", "MountSandbox", "False")]
    [InlineData("--cpu-quota", "CpuQuota", "True")]
    [InlineData("--cgroup-root mine", "CgroupRoot", "mine")]
    [InlineData("--switch-user", "SwitchUser", "True")]
    [InlineData("--inherit-environment PATH,HOME", "InheritedEnvironment", "PATH HOME")]
    [InlineData("--secrets-dir /secrets", "SecretsDirectory", "/secrets")]
    [InlineData("--stop-tasks", "StopTasksOnExit", "True")]
    [InlineData("--stop-tasks-timeout 4s", "StopTasksTimeout", "00:00:04")]
    [InlineData("--kill-grace-period 11s", "KillGracePeriod", "00:00:11")]
    [InlineData("--max-log-size 1MB", "MaxLogSize", "1048576")]
    [InlineData("--enforce-container-disk-quota false", "EnforceDiskQuota", "False")]
    [InlineData("--container-disk-watch-interval 2s", "DiskWatchInterval", "00:00:02")]
    [InlineData("--fetch-timeout 1m", "FetchTimeout", "00:01:00")]
    [InlineData("--max-artifact-size 3MB", "MaxArtifactSize", "3145728")]
    [InlineData("--fetch-cache-size 4GB", "FetchCacheSize", "4294967296")]
    [InlineData("--gc-delay 2d", "SandboxDelay", "2.00:00:00")]
    [InlineData("--gc-disk-headroom 0.25", "DiskHeadroom", "0.25")]
    [InlineData("--gc-interval 30s", "CollectInterval", "00:00:30")]
    [InlineData("--collect-images", "CollectImages", "True")]
    [InlineData("--image-delay 3d", "ImageDelay", "3.00:00:00")]
    [InlineData("--exec-idle 1h", "ExecIdle", "01:00:00")]
    [InlineData("--oversubscribe", "Oversubscribe", "True")]
    [InlineData("--oversubscribe-interval 5s", "OversubscribeInterval", "00:00:05")]
    [InlineData("--task-pids 100", "TaskPids", "100")]
    [InlineData("--oversubscribe-reserve 0.5", "OversubscribeReserve", "0.5")]
    [InlineData("--oversubscribe-busy 0.8", "OversubscribeBusy", "0.8")]
    [InlineData("--registration-backoff-factor 2s", "RegistrationBackoff", "00:00:02")]
    [InlineData("--max-registration-backoff 20s", "MaxRegistrationBackoff", "00:00:20")]
    [InlineData("--update-retry 3s", "UpdateRetry", "00:00:03")]
    [InlineData("--max-update-retry 30s", "MaxUpdateRetry", "00:00:30")]
    public void An_option_reaches_the_agent(string line, string property, string expected) =>
        Assert.Equal(expected, Text(Agent(line.Split(' ', 2)), property));

    [Fact]
    public void What_is_not_said_is_the_rooms_own_default()
    {
        Same(new MasterOptions(), Master([]));
        Same(new AgentOptions
        {
            WorkDirectory = "/w",
            Masters = [new Uri("http://127.0.0.1")],
            Hostname = "h",
            TaskAddress = IPAddress.Loopback,
            Port = 1
        }, Agent([]));

        static void Same<T>(T expected, T actual)
        {
            foreach (var property in typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance))
                Assert.True(Text(expected, property.Name) == Text(actual, property.Name), property.Name);
        }
    }

    [Theory]
    [InlineData(typeof(MasterOptions), "An_option_reaches_the_master", "Address Principals")]
    [InlineData(typeof(AgentOptions), "An_option_reaches_the_agent",
        "WorkDirectory Masters MasterDirectory Hostname TaskAddress Port Principals Credential Tls Advertise DefaultUser "
        + "Admission AnyoneMayExec")]
    public void Every_property_of_the_options_has_its_option(Type options, string theory, string others)
    {
        var covered = typeof(RoleOptionsTests).GetMethod(theory)!.GetCustomAttributes<InlineDataAttribute>()
            .Select(data => (string)data.Data[1]!).Concat(others.Split(' ')).ToHashSet();
        var properties = options.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite);
        Assert.DoesNotContain(properties, property => !covered.Contains(property.Name));
    }

    [Theory]
    [InlineData("--offer-timeout", "1ms")]
    [InlineData("--agent-ping-timeout", "0s")]
    [InlineData("--max-agent-ping-timeouts", "0")]
    [InlineData("--agent-removal-limit", "-1")]
    [InlineData("--max-request-body", "17MB")]
    [InlineData("--credentials", "/nowhere/credentials.json")]
    public void A_value_out_of_range_is_refused(string option, string value) =>
        Assert.Contains(option,
            Assert.Single(Parse(command => _ = new MasterSettings(command, NoSettings), [option, value]).Errors).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Secrets_come_from_a_file_or_the_environment_and_belong_to_a_principal()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "from the file\n");
            Assert.Equal(new Security.Credential("me", "from the file").Header,
                Credential(NoSettings, "--principal", "me", "--secret-file", file)!.Header);
            var variable = new Settings(new ConfigurationBuilder()
                .AddInMemoryCollection([new("secret", "from LCM_SECRET"), new("principal", "me")]).Build());
            Assert.Equal(new Security.Credential("me", "from LCM_SECRET").Header, Credential(variable)!.Header);
            Assert.Null(Credential(NoSettings));
            Assert.Contains("its secret is missing", Assert.Throws<CliException>(() =>
                Credential(NoSettings, "--principal", "me")).Message, StringComparison.Ordinal);
            Assert.Contains("--principal", Assert.Throws<CliException>(() =>
                Credential(NoSettings, "--secret-file", file)).Message, StringComparison.Ordinal);
            Assert.DoesNotContain(Parse(command => _ = new CredentialSettings(command, NoSettings),
                []).CommandResult.Command.Options, option => option.Name == "--secret");
        }
        finally
        {
            File.Delete(file);
        }

        static Security.Credential? Credential(Settings settings, params string[] line)
        {
            CredentialSettings? credential = null;
            var parse = Parse(command => credential = new CredentialSettings(command, settings), line);
            return credential!.Credential(parse);
        }
    }

    private static MasterOptions Master(string[] line)
    {
        MasterSettings? settings = null;
        var parse = Parse(command => settings = new MasterSettings(command, NoSettings), line);
        Assert.Empty(parse.Errors);
        return settings!.Options(parse, new MasterOptions().Address);
    }

    [Theory]
    [InlineData("127.0.0.1", "http://127.0.0.1:5050", "", null)]
    [InlineData("127.0.0.1", "http://localhost:5050", "", null)]
    [InlineData("0.0.0.0", "http://127.0.0.1:5050", "", "nobody")]
    [InlineData("10.0.0.5", "http://127.0.0.1:5050", "", "nobody")]
    [InlineData("127.0.0.1", "http://m1:5050", "", "nobody")]
    [InlineData("0.0.0.0", "http://m1:5050", "root", "root")]
    [InlineData("127.0.0.1", "http://127.0.0.1:5050", "daemon", "daemon")]
    public void Beyond_loopback_tasks_are_nobody_unless_it_is_said(string listen, string master, string said, string? user)
    {
        Server.Root();
        string[] line = said.Length > 0 ? ["--default-user", said] : [];
        Assert.Equal(user, Agent(line, IPAddress.Parse(listen), new Uri(master)).DefaultUser);
    }

    [Theory]
    [InlineData("--bind 127.0.0.1", null, "http://127.0.0.1:5051/")]
    [InlineData("--bind 10.1.1.1", "node1", "http://10.1.1.1:5051/")]
    [InlineData("--bind 0.0.0.0", "node1", "http://node1:5051/")]
    [InlineData("--bind :: --port 6000", "node1", "http://node1:6000/")]
    [InlineData("--bind 0.0.0.0 --advertise http://agent-1:7000", "node1", "http://agent-1:7000/")]
    public void An_agent_that_listens_everywhere_is_reached_by_its_name(string line, string? name, string address)
    {
        RoleSettings? common = null;
        var parse = Parse(command => common = new RoleSettings(command, NoSettings, "agent", 5051), line.Split(' '));

        Assert.Equal(address, common!.Advertise(parse, common.Listen(parse), name).ToString());
    }

    private static AgentOptions Agent(string[] line, IPAddress? listen = null, Uri? master = null)
    {
        AgentSettings? settings = null;

        // One of these needs the other.
        line = line switch
        {
            ["--region", _] => [.. line, "--zone", "other"],
            ["--zone", _] => [.. line, "--region", "other"],
            _ => line,
        };
        var parse = Parse(command => settings = new AgentSettings(command, NoSettings), line);
        Assert.Empty(parse.Errors);
        return settings!.Options(
            parse, "/w", [master ?? new Uri("http://127.0.0.1")], "h", IPAddress.Loopback,
            new IPEndPoint(listen ?? IPAddress.Loopback, 1));
    }

    private static ParseResult Parse(Action<Command> add, string[] line)
    {
        var command = new Command("role");
        add(command);
        return command.Parse(line);
    }

    private static string? Text(object? options, string property) =>
        options!.GetType().GetProperty(property)!.GetValue(options) switch
        {
            string text => text,
            IEnumerable list => string.Join(' ', list.Cast<object>()),
            IFormattable value => value.ToString(null, CultureInfo.InvariantCulture),
            var other => other?.ToString(),
        };
}
