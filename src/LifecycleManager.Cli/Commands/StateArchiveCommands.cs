using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Cli.Commands;

/// <summary>
/// <c>lcm backup</c> and <c>lcm restore</c>: the whole state of a role as one file, from any kind of store into any other. Roles
/// that share a store are kept apart.
/// </summary>
internal static class StateArchiveCommands
{
    private static readonly string[] RolesWithState = [MasterCommand.Name, SchedulerCommand.Name, ManagerCommand.Name];
    private static readonly TimeSpan StandTimeout = TimeSpan.FromSeconds(30);

    public static Command Backup(Settings settings)
    {
        var command = new Command("backup", "Writes the state of a role into a file, while the role runs or not.");
        var from = new StoreSettings(command, settings);
        var file = Setting.Of<string?>(settings, "--output", "The file; replaced only by a whole backup. Needed",
            Path.GetFullPath, () => null);
        command.Add(file);
        return Act(command, settings, async (parse, loggers, stop) =>
        {
            var path = parse.GetValue(file) ?? throw new CliException("--output FILE is needed: where the backup goes");
            await using var state = await from.OpenAsync(parse, restore: false, loggers, stop);
            // ZooKeeper lists no snapshot: two readings that agree are one.
            var role = from.Role(parse);
            var entries = from.IsSnapshot(parse) ? await WriteAsync(state.Store, role, path, stop)
                : await SettledAsync(state.Store, role, path, stop);
            System.Console.Out.WriteLine($"lcm: {entries} entries of the {role} are in {path}");
        });
    }

    public static Command Restore(Settings settings)
    {
        var command =
            new Command("restore", "Writes a backup into the state of a role, which must not run and must have no state.");
        var into = new StoreSettings(command, settings);
        var file = Setting.Of<string?>(settings, "--input", "The backup; needed", Path.GetFullPath, () => null);
        var overwrite = Setting.Flag(settings, "--overwrite", "The backup takes the place of a state that is there");
        command.Add(file);
        command.Add(overwrite);
        return Act(command, settings, async (parse, loggers, stop) =>
        {
            var path = parse.GetValue(file) ?? throw new CliException("--input FILE is needed: the backup");
            await using var archive = new FileStream(path, FileMode.Open, FileAccess.Read);
            await using var state = await into.OpenAsync(parse, restore: true, loggers, stop);
            // Whoever holds the leadership keeps the role out until all is done; others that share the store are not concerned.
            var role = into.Role(parse);
            if (await state.Election.LeaderAsync(role, stop) is { } leader)
                throw new CliException($"the {role} at {leader} works on this state: stop it first");
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
            limit.CancelAfter(StandTimeout);
            await state.Election.StandAsync(role, "lcm restore", limit.Token);
            if (!parse.GetValue(overwrite) && await state.Store.ListAsync(role + "/", stop).AnyAsync(stop))
                throw new CliException("there is a state already; --overwrite puts the backup in its place");
            var entries = await StateArchive.RestoreAsync(state.Store, archive, role, stop);
            System.Console.Out.WriteLine($"lcm: {entries} entries of the {role} are restored");
        });
    }

    /// <summary>A backup of a store that lists no snapshot, once nothing was changed while it was read.</summary>
    private static async Task<long> SettledAsync(IStateStore store, string role, string path, CancellationToken stop)
    {
        const int Tries = 10;
        for (var tries = 0; tries < Tries; tries++)
        {
            var before = await VersionsAsync(store, role, stop);
            var entries = await WriteAsync(
                store, role, path, stop, async () => before.SetEquals(await VersionsAsync(store, role, stop)));
            if (entries >= 0) return entries;
        }

        throw new CliException($"the state changed during each of {Tries} readings: stop the role for a moment");
    }

    private static async Task<HashSet<(string Key, long Version)>> VersionsAsync(
        IStateStore store, string role, CancellationToken stop) =>
        await store.ListAsync(role + "/", stop).Select(entry => (entry.Key, entry.Version))
            .ToHashSetAsync(cancellationToken: stop);

    /// <summary>Writes a whole backup in place of what stands at the path; -1, and nothing, where it is not to be kept.</summary>
    private static async Task<long> WriteAsync(IStateStore store, string role, string path, CancellationToken stop,
        Func<Task<bool>>? keep = null)
    {
        var part = path + ".part";
        try
        {
            long entries;
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            // Definitions have environments, and these have secrets.
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            await using (var file = new FileStream(part, options))
            {
                entries = await StateArchive.ExportAsync(store, file, role, stop);
                file.Flush(flushToDisk: true);
            }

            if (keep is not null && !await keep()) return -1;
            if (entries == 0) await CheckRoleAsync(store, role, stop);
            File.Move(part, path, overwrite: true);
            return entries;
        }
        finally
        {
            File.Delete(part);
        }
    }

    /// <summary>A state that has entries, and none of the role, is more likely another's than empty.</summary>
    private static async Task CheckRoleAsync(IStateStore store, string role, CancellationToken stop)
    {
        if (await StateArchive.OwnersAsync(store, stop) is { Count: > 0 } owners)
            throw new CliException($"the state has no entry of the {role}, but of the {string.Join(" and the ", owners)}: "
                + "--role says whose is meant");
    }

    private static Command Act(Command command, Settings settings, Func<ParseResult, ILoggerFactory, CancellationToken, Task> act)
    {
        var logging = new Logging(command, settings, LogLevel.Warning);
        command.SetAction(async (parse, stop) =>
        {
            using var loggers = logging.Create(parse);
            try
            {
                await act(parse, loggers, stop);
                return 0;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException
                or StateUnavailableException
                or StateFormatException or StateTooLargeException or StateConflictException or WriteOutcomeUnknownException)
            {
                throw new CliException(e.Message, e);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                await parse.InvocationConfiguration.Error.WriteLineAsync("lcm: ended by a signal before it was done");
                return ExitStatus.Interrupted;
            }
            catch (OperationCanceledException)
            {
                throw new CliException("somebody else stands for the state's leadership: stop the roles that work on it first");
            }
        });
        return command;
    }

    /// <summary>Which store: by its address, or as the role's own options name it.</summary>
    private sealed class StoreSettings
    {
        private readonly Option<string> _role;
        private readonly Option<string> _workDirectory;
        private readonly StateSettings _state;

        public StoreSettings(Command command, Settings settings)
        {
            _role = Setting.Of(settings, "--role", $"Whose state: {string.Join(", ", RolesWithState)}", Known,
                () => SchedulerCommand.Name, SchedulerCommand.Name);
            _workDirectory = RoleSettings.WorkDirectory(settings);
            command.Add(_role);
            command.Add(_workDirectory);
            _state = new StateSettings(command, settings);
        }

        public string Role(ParseResult parse) => parse.GetValue(_role)!;

        public bool IsSnapshot(ParseResult parse) => !Address(parse).StartsWith("zk:", StringComparison.Ordinal);

        public async Task<StateBackend> OpenAsync(ParseResult parse, bool restore, ILoggerFactory loggers, CancellationToken stop)
        {
            var address = Address(parse);
            if (address.StartsWith("sqlite:", StringComparison.Ordinal))
            {
                var path = Path.GetFullPath(address["sqlite:".Length..]);
                if (!restore && !File.Exists(path)) throw new CliException($"there is no state at {path}");
                RoleSettings.MakePrivate(Path.GetDirectoryName(path)!);
            }

            var password = _state.Password(parse);
            return restore ? await StateBackend.OpenToRestoreAsync(address, password, TimeProvider.System, loggers, stop)
                : await StateBackend.OpenAsync(address, password, TimeProvider.System, loggers, stop);
        }

        private string Address(ParseResult parse) =>
            _state.Address(parse, Path.Combine(parse.GetValue(_workDirectory)!, parse.GetValue(_role)!));

        private static string Known(string text) => RolesWithState.Contains(text, StringComparer.Ordinal)
            ? text : throw new FormatException($"{string.Join(", ", RolesWithState)} have a state");
    }
}
