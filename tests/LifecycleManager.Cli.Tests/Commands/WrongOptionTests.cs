using System.CommandLine;
using System.Net;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Configuration;
using Microsoft.Extensions.Configuration;

namespace LifecycleManager.Cli.Tests.Commands;

/// <summary>
/// A value that is wrong is one line that names option and value, for every option of every command, wherever it was said.
/// </summary>
public sealed class WrongOptionTests : IDisposable
{
    private static readonly string[] WithoutValues =
    [
        "policy schema", "policy test", "policy fmt", "context use", "context remove", "completion bash", "completion zsh",
        "completion fish", "completion pwsh", "help",
    ];

    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-wrong-").FullName;

    public static TheoryData<string> Commands =>
        [.. Leaves(CommandLine.Root(new Settings(new ConfigurationBuilder().Build())), [])
            .Select(leaf => string.Join(' ', leaf.Path))];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task On_the_command_line(string command)
    {
        var tried = 0;
        // A flag takes no value: what follows it is another word.
        foreach (var (option, value) in Wrong(command).Where(wrong => wrong.Option.Arity.MinimumNumberOfValues > 0))
        {
            tried++;
            var run = await Lcm.RunAsync([.. command.Split(' '), $"{option.Name}={value}"]);
            AssertOneLine(run, option.Name, value, command);
        }

        Assert.True(tried > 0 || WithoutValues.Contains(command), $"no option of {command} was tried");
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task In_a_variable_or_in_the_file(string command)
    {
        // What a variable says for other commands is not to be kept in a file.
        if (command == "context set") return;
        foreach (var (option, value) in Wrong(command).Where(wrong => wrong.Value.Length > 0))
        {
            var name = option.Name.TrimStart('-');
            var run = await Lcm.RunAsync(new Dictionary<string, string?> { [name] = value }, default, command.Split(' '));
            AssertOneLine(run, name, value, command);
        }
    }

    [Theory]
    [InlineData("agent", "--resources", "cpus:four")]
    [InlineData("agent", "--resources", "cpus:4;;ports:[9-3]")]
    [InlineData("agent", "--attributes", "rack")]
    [InlineData("agent", "--default-user", "no-such-user")]
    [InlineData("agent", "--task-pids", "-1")]
    [InlineData("agent", "--zone", "z")]
    [InlineData("agent", "--region", "r")]
    [InlineData("agent", "--containerizers", "docker,podman")]
    [InlineData("agent", "--secret-file", "/nowhere/secret")]
    [InlineData("agent", "--master", ",")]
    [InlineData("agent", "--allowed-hosts", "http://m1")]
    [InlineData("up", "--resources", "mem:much")]
    [InlineData("up", "--attributes", ":")]
    [InlineData("up", "--zone", "z")]
    [InlineData("master", "--credentials", "/nowhere/credentials.json")]
    [InlineData("master", "--credentials", "DIRECTORY")]
    [InlineData("master", "--tls-certificate", "/nowhere/m.pem")]
    [InlineData("master", "--state", "etcd://x")]
    [InlineData("master", "--allocator", "mine")]
    [InlineData("scheduler", "--state-password-file", "/nowhere/password")]
    [InlineData("scheduler", "--master", "m1:5050")]
    [InlineData("manager", "--target-token-file", "/nowhere/token")]
    [InlineData("manager", "--target-password-file", "DIRECTORY")]
    public async Task What_only_the_room_understands_is_found_before_the_role_begins(string role, string option, string value)
    {
        if (value == "DIRECTORY") value = _directory;
        string[] ports = role == "up" ? ["--master-port", "0", "--agent-port", "0", "--scheduler-port", "0", "--manager-port",
            "0"] : ["--port", "0"];
        var run = await Lcm.RunAsync([role, "--work-dir", Path.Combine(_directory, "work"), .. ports, option, value]);
        AssertOneLine(run, option.TrimStart('-'), value, role);
    }

    /// <summary>What is wrong for a value of the option's type, whatever else the option asks.</summary>
    private static IEnumerable<(Option Option, string Value)> Wrong(string command)
    {
        var leaf = Leaves(CommandLine.Root(new Settings(new ConfigurationBuilder().Build())), [])
            .Single(leaf => string.Join(' ', leaf.Path) == command).Command;
        foreach (var option in leaf.Options.Where(option => option.Name is not ("--help" or "--version")))
        {
            foreach (var value in WrongFor(Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType))
                yield return (option, value);
        }
    }

    private static string[] WrongFor(Type type) => type switch
    {
        _ when type == typeof(bool) => ["perhaps"],
        _ when type == typeof(int) || type == typeof(long) => ["", "many", "-1", "99999999999999999999", "1.5.2"],
        _ when type == typeof(double) => ["", "much", "NaN", "1e999"],
        _ when type == typeof(TimeSpan) => ["", "soon", "-1s", "5", "99999999999999w", "1s1h"],
        _ when type == typeof(Uri) => ["", "nowhere", "ftp://x/", "http://"],
        _ when type == typeof(IPAddress) => ["", "300.1.1.1", "h:1"],
        _ when type.IsEnum => ["", "none-of-these", "7"],
        _ when type == typeof(IReadOnlyList<Uri>) => ["", ",", "http://a:1,b"],
        _ when type == typeof(string) => [""],
        _ => [],
    };

    private static IEnumerable<(IReadOnlyList<string> Path, Command Command)> Leaves(Command command, IReadOnlyList<string> path)
    {
        // What runs a role may have commands below it, too.
        var below = command.Subcommands.SelectMany(sub => Leaves(sub, [.. path, sub.Name]));
        return command.Subcommands.Count == 0 || (command.Action is not null && path.Count > 0) ? below.Prepend((path, command))
            : below;
    }

    private static void AssertOneLine(Lcm run, string option, string value, string command)
    {
        var what = $"lcm {command} {option}={value}: exit code {run.Code}\n{run.Error}";
        Assert.True(run.Code == (command.StartsWith("policy", StringComparison.Ordinal) ? 2 : 1), what);
        Assert.True(run.Error.Trim().Split('\n').Length == 1, what);
        Assert.True(run.Error.Contains(option, StringComparison.Ordinal), what);
        Assert.True(run.Error.Contains(value, StringComparison.Ordinal), what);
    }
}
