using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Manager;
using LifecycleManager.Storage;
using LifecycleManager.Storage.Records;

namespace LifecycleManager.Cli.Commands;

/// <summary>Where the manager keeps its table of decisions.</summary>
internal sealed class TableSettings
{
    private const string None = "none";
    private const string Sqlite = "sqlite:";
    private readonly Option<string?> _decisions;

    public TableSettings(Command command, Settings settings)
    {
        _decisions = Setting.Of<string?>(settings, "--decisions",
            "The table of decisions and of the audit: sqlite:PATH or postgres://USER@HOST/DATABASE, whose password is the "
            + "state's where that is in PostgreSQL too, else of PGPASSWORD or PGPASSFILE; none: the state alone keeps a bounded "
            + "number",
            Checked, () => null, "beside the state in SQLite or PostgreSQL; with ZooKeeper, SQLite in the work directory");
        command.Add(_decisions);
    }

    /// <summary>The table beside a state in SQLite or PostgreSQL; null for any other.</summary>
    /// <param name="state">The state's address.</param>
    /// <param name="password">The state's password.</param>
    public static TableOptions? Beside(string state, string? password = null)
    {
        if (IsPostgres(state)) return new TableOptions(state) { Password = password, AreShared = true };
        if (!state.StartsWith(Sqlite, StringComparison.Ordinal)) return null;
        var file = Path.GetFullPath(state[Sqlite.Length..]);
        var table = Path.Combine(Path.GetDirectoryName(file)!, Path.GetFileNameWithoutExtension(file) + "-decisions.db");
        return new TableOptions(Sqlite + table) { AreShared = true };
    }

    /// <summary>Where the table is; null for nowhere.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="state">The state's address.</param>
    /// <param name="password">The state's password.</param>
    /// <param name="directory">The role's directory.</param>
    public TableOptions? Options(ParseResult parse, string state, string? password, string directory)
    {
        if (parse.GetValue(_decisions) is not { } stated)
        {
            return Beside(state, password) ?? (state.StartsWith("zk:", StringComparison.Ordinal)
                ? new TableOptions(Sqlite + Path.Combine(directory, "decisions.db")) : null);
        }

        if (stated == None) return null;

        // A file is one that others read where they have the state's file too.
        return IsPostgres(stated)
            ? new TableOptions(stated) { Password = IsPostgres(state) ? password : null, AreShared = true }
            : new TableOptions(stated) { AreShared = state.StartsWith(Sqlite, StringComparison.Ordinal) };
    }

    private static bool IsPostgres(string address) => address.StartsWith("postgres", StringComparison.Ordinal);

    private static string Checked(string address)
    {
        if (address != None) RecordDatabase.Check(address);
        return address;
    }
}
