using Dapper;
using Microsoft.Data.Sqlite;

namespace LifecycleManager.Storage.Sqlite;

/// <summary>The file: its schema and its connections.</summary>
internal sealed class SqliteDatabase
{
    private const int BusySeconds = 10;
    private const long LeastSpace = 1 << 20;

    private readonly SqliteSchema _schema;
    private readonly string _connectionString;

    private SqliteDatabase(string path, SqliteSchema schema)
    {
        (Path, _schema) = (path, schema);
        _connectionString = new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = BusySeconds }.ToString();
    }

    public string Path { get; }

    /// <summary>Opens or creates the file and brings its schema up to date.</summary>
    /// <param name="path">The file.</param>
    /// <param name="schema">What it holds.</param>
    public static SqliteDatabase Open(string path, SqliteSchema schema)
    {
        path = System.IO.Path.GetFullPath(path);
        var database = new SqliteDatabase(path, schema);
        var opened = false;
        try
        {
            CreatePrivately(path);
            using var connection = database.Connect();
            if (connection.ExecuteScalar<string>("PRAGMA journal_mode") != "wal")
            {
                throw new StateUnavailableException($"{path} cannot have a write-ahead log: the state needs a local disk");
            }

            database.Migrate(connection);
            opened = true;
            return database;
        }
        catch (SqliteException e) when (e.SqliteErrorCode is SQLitePCL.raw.SQLITE_NOTADB or SQLitePCL.raw.SQLITE_CORRUPT)
        {
            throw new StateFormatException($"{path} is not a usable SQLite database: {e.Message}", e);
        }
        catch (SqliteException e)
        {
            throw new StateUnavailableException($"the state in {path} cannot be opened: {database.Explain(e)}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StateUnavailableException($"the state in {path} cannot be opened: {e.Message}", e);
        }
        finally
        {
            // A pooled connection would outlive the file, should it be replaced.
            if (!opened) database.Close();
        }
    }

    /// <summary>A pooled connection; a commit on it is on the disk when it returns.</summary>
    public SqliteConnection Connect()
    {
        var connection = new SqliteConnection(_connectionString);
        try
        {
            connection.Open();
            connection.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>
    /// What an error means, for people: SQLite calls a disk without space an I/O error where it may not grow a side file.
    /// </summary>
    public string Explain(SqliteException e)
    {
        if (e.SqliteErrorCode == SQLitePCL.raw.SQLITE_FULL) return "the disk is full";
        if (e.SqliteErrorCode != SQLitePCL.raw.SQLITE_IOERR) return e.Message;
        try
        {
            // Whoever may not use the last blocks has none left.
            return new DriveInfo(System.IO.Path.GetDirectoryName(Path)!).AvailableFreeSpace < LeastSpace
                ? $"the disk is full ({e.Message})" : e.Message;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return e.Message;
        }
    }

    /// <summary>Closes the pooled connections.</summary>
    public void Close()
    {
        using var connection = new SqliteConnection(_connectionString);
        SqliteConnection.ClearPool(connection);
    }

    // The state can hold what apps keep in their environment: for its owner's eyes only. SQLite gives its side files the same
    // mode.
    private static void CreatePrivately(string path)
    {
        if (File.Exists(path)) return;
        if (System.IO.Path.GetDirectoryName(path) is { Length: > 0 } directory) Directory.CreateDirectory(directory);
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite
        };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var created = new FileStream(path, options);
    }

    private void Migrate(SqliteConnection connection)
    {
        // Reading needs no lock: one opens and stands for election even while a stopped process holds the writer's.
        if (connection.ExecuteScalar<int>("PRAGMA application_id") == _schema.ApplicationId &&
            connection.ExecuteScalar<int>("PRAGMA user_version") == _schema.Version)
        {
            return;
        }

        using var transaction = connection.BeginTransaction(deferred: false);
        var application = connection.ExecuteScalar<int>("PRAGMA application_id", transaction: transaction);
        var version = connection.ExecuteScalar<int>("PRAGMA user_version", transaction: transaction);
        var tables = connection.ExecuteScalar<int>("SELECT count(*) FROM sqlite_schema", transaction: transaction);
        if (application != _schema.ApplicationId && tables > 0)
            throw new StateFormatException($"{Path} belongs to another program, or holds something else");
        if (version > _schema.Version)
        {
            throw new StateFormatException(
                $"{Path} has schema {version}, written by a newer version; this one knows up to {_schema.Version}");
        }

        if (version < 1)
        {
            connection.Execute(
                $"{_schema.Create}\nPRAGMA application_id = {_schema.ApplicationId};", transaction: transaction);
        }

        connection.Execute($"PRAGMA user_version = {_schema.Version}", transaction: transaction);
        transaction.Commit();
    }
}
