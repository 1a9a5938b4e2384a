using System.CommandLine;
using System.Text;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Storage;
using LifecycleManager.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace LifecycleManager.Cli.Tests.Commands;

public sealed class StateArchiveCommandsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-backup-").FullName;
    private readonly string _unique = $"backup_{Guid.NewGuid():N}"[..20];

    private string Archive => Path.Combine(_directory, "backup");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    [InlineData("zk")]
    public async Task A_state_is_backed_up_restored_and_never_overwritten_unasked(string kind)
    {
        var options = Store(kind);
        try
        {
            await WriteAsync(options, [.. Enumerable.Range(0, 700).Select(i => ($"scheduler/apps/{i}", $"app {i}"))]);
            await RunAsync(StateArchiveCommands.Backup, [.. options, "--output", Archive]);
            Assert.False(File.Exists(Archive + ".part"));
            var whole = await ReadAsync(options);

            // What has changed since is undone, what has come since is gone.
            await WriteAsync(options, [("scheduler/apps/1", "another"), ("scheduler/apps/new", "new")]);
            var refused = await Assert.ThrowsAsync<CliException>(() =>
                RunAsync(StateArchiveCommands.Restore, [.. options, "--input", Archive]));
            Assert.Contains("there is a state already; --overwrite", refused.Message, StringComparison.Ordinal);
            Assert.Equal("another", (await ReadAsync(options))["scheduler/apps/1"]);
            await RunAsync(StateArchiveCommands.Restore, [.. options, "--input", Archive, "--overwrite"]);
            Assert.Equal(whole, await ReadAsync(options));
        }
        finally
        {
            if (kind == "postgres") await DropAsync();
        }
    }

    [Fact]
    public async Task A_state_whose_role_leads_is_backed_up_but_not_restored_into()
    {
        var options = Store("sqlite");
        await WriteAsync(options, [("scheduler/framework", "f")]);
        await using var state = await OpenAsync(options);
        await using (await state.Election.StandAsync("scheduler", "http://s1:8080"))
        {
            await RunAsync(StateArchiveCommands.Backup, [.. options, "--output", Archive]);
            var refused = await Assert.ThrowsAsync<CliException>(
                () => RunAsync(StateArchiveCommands.Restore, [.. options, "--input", Archive, "--overwrite"]));
            Assert.Contains("the scheduler at http://s1:8080 works on this state", refused.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    [InlineData("zk")]
    public async Task Roles_that_share_a_state_are_kept_apart(string kind)
    {
        var options = Store(kind);
        try
        {
            await WriteAsync(options, [("manager/stop", "m"), ("master/roles", "r"), ("scheduler/framework", "f")]);
            await RunAsync(StateArchiveCommands.Backup, [.. options, "--role", "manager", "--output", Archive]);
            var text = await File.ReadAllTextAsync(Archive);
            Assert.Contains("manager/stop", text, StringComparison.Ordinal);
            Assert.DoesNotContain("scheduler/", text, StringComparison.Ordinal);
            Assert.DoesNotContain("master/", text, StringComparison.Ordinal);

            // Another role's backup is refused before anything changes.
            var refused = await Assert.ThrowsAsync<CliException>(() =>
                RunAsync(StateArchiveCommands.Restore, [.. options, "--input", Archive, "--overwrite"]));
            Assert.Equal("the archive holds no entry of the scheduler: it is of the manager", refused.Message);
            Assert.Equal(3, (await ReadAsync(options)).Count);

            // What others have stays, and who leads of them does, too.
            await WriteAsync(options, [("manager/stop", "later"), ("scheduler/framework", "later")]);
            await using (var state = await OpenAsync(options))
            await using (await state.Election.StandAsync("scheduler", "http://s1:8080"))
                await RunAsync(StateArchiveCommands.Restore, [.. options, "--role", "manager", "--input", Archive,
                    "--overwrite"]);
            Assert.Equal(new Dictionary<string, string>
            {
                ["manager/stop"] = "m",
                ["master/roles"] = "r",
                ["scheduler/framework"] = "later",
            }, await ReadAsync(options));
        }
        finally
        {
            if (kind == "postgres") await DropAsync();
        }
    }

    [Fact]
    public async Task Of_an_older_backup_of_several_roles_each_takes_its_own()
    {
        var options = Store("sqlite");
        await WriteAsync(options, [("scheduler/framework", "f")]);
        await RunAsync(StateArchiveCommands.Backup, [.. options, "--output", Archive]);
        var lines = (await File.ReadAllLinesAsync(Archive)).ToList();
        lines.Insert(1, lines[1].Replace("scheduler/framework", "manager/stop", StringComparison.Ordinal));
        lines[^1] = lines[^1].Replace("1", "2", StringComparison.Ordinal);
        await File.WriteAllLinesAsync(Archive, lines);
        await RunAsync(StateArchiveCommands.Restore, [.. options, "--input", Archive, "--overwrite"]);
        Assert.Equal("scheduler/framework", Assert.Single(await ReadAsync(options)).Key);
    }

    [Fact]
    public async Task A_state_without_an_entry_of_the_role_is_not_backed_up_as_if_it_were_empty()
    {
        var options = Store("sqlite");
        await WriteAsync(options, [("manager/stop", "m")]);
        var refused = await Assert.ThrowsAsync<CliException>(() =>
            RunAsync(StateArchiveCommands.Backup, [.. options, "--output", Archive]));
        Assert.Equal("the state has no entry of the scheduler, but of the manager: --role says whose is meant", refused.Message);
        Assert.False(File.Exists(Archive));
    }

    [Fact]
    public async Task A_backup_that_is_damaged_changes_nothing_and_half_a_restore_is_no_state()
    {
        var options = Store("sqlite");
        await WriteAsync(options, [("scheduler/framework", "f")]);
        await RunAsync(StateArchiveCommands.Backup, [.. options, "--output", Archive]);
        var good = await File.ReadAllTextAsync(Archive);
        await File.WriteAllTextAsync(Archive, good[..^20]);
        var refused = await Assert.ThrowsAsync<CliException>(() =>
            RunAsync(StateArchiveCommands.Restore, [.. options, "--input", Archive, "--overwrite"]));
        Assert.Contains("cut short", refused.Message, StringComparison.Ordinal);
        Assert.Equal("f", Assert.Single(await ReadAsync(options)).Value);

        // As a restore that was killed leaves it.
        await WriteAsync(options, [("restoring", "")]);
        await Assert.ThrowsAsync<StateFormatException>(() => ReadAsync(options));
        await File.WriteAllTextAsync(Archive, good);
        await RunAsync(StateArchiveCommands.Restore, [.. options, "--input", Archive, "--overwrite"]);
        Assert.Equal("f", Assert.Single(await ReadAsync(options)).Value);
    }

    [Fact]
    public async Task What_is_missing_is_said()
    {
        async Task<string> Error(Func<Settings, Command> command, params string[] arguments) =>
            (await Assert.ThrowsAsync<CliException>(() => RunAsync(command, ["--work-dir", _directory, .. arguments]))).Message;
        Assert.Contains("--output FILE is needed", await Error(StateArchiveCommands.Backup), StringComparison.Ordinal);
        Assert.Contains("there is no state at", await Error(StateArchiveCommands.Backup, "--output", Archive),
            StringComparison.Ordinal);
        Assert.Contains("--input FILE is needed", await Error(StateArchiveCommands.Restore), StringComparison.Ordinal);
        Assert.Contains(Archive, await Error(StateArchiveCommands.Restore, "--input", Archive), StringComparison.Ordinal);
        Assert.Contains("the state's address is wrong",
            (await Lcm.RunAsync("backup", "--state", "etcd://x", "--output", Archive)).Error, StringComparison.Ordinal);
    }

    private string[] Store(string kind)
    {
        switch (kind)
        {
            case "postgres":
                var connection = new NpgsqlConnectionStringBuilder(Server.PostgreSql());
                return ["--state",
                    $"postgres://{connection.Username}@{connection.Host}:{connection.Port}/{connection.Database}?schema={_unique}"];
            case "zk":
                return ["--state", $"zk://{Server.ZooKeeper()}/{_unique}"];
            default:
                return ["--state", $"sqlite:{Path.Combine(_directory, "scheduler", "state.db")}"];
        }
    }

    private static Task<StateBackend> OpenAsync(string[] options)
    {
        if (options[1].StartsWith("sqlite:", StringComparison.Ordinal))
            Directory.CreateDirectory(Path.GetDirectoryName(options[1][7..])!);
        return StateBackend.OpenAsync(options[1], null, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
    }

    private static async Task WriteAsync(string[] options, IReadOnlyList<(string Key, string Value)> entries)
    {
        await using var state = await OpenAsync(options);
        foreach (var batch in entries.Chunk(100))
            await state.Store.WriteAsync(
                [.. batch.Select(entry => new StateWrite(entry.Key, Encoding.UTF8.GetBytes(entry.Value)))]);
    }

    private static async Task<Dictionary<string, string>> ReadAsync(string[] options)
    {
        await using var state = await OpenAsync(options);
        return await state.Store.ListAsync("").ToDictionaryAsync(entry => entry.Key,
            entry => Encoding.UTF8.GetString(entry.Value.Span));
    }

    private static Task<int> RunAsync(Func<Settings, Command> command, string[] arguments) =>
        command(new Settings(new ConfigurationBuilder().Build())).Parse(arguments)
            .InvokeAsync(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                Output = TextWriter.Null,
                Error = TextWriter.Null
            });

    private async Task DropAsync()
    {
        await using var connection = new NpgsqlConnection(Server.PostgreSql());
        await connection.OpenAsync();
        await using var drop = new NpgsqlCommand($"DROP SCHEMA IF EXISTS {_unique} CASCADE", connection);
        await drop.ExecuteNonQueryAsync();
    }
}
