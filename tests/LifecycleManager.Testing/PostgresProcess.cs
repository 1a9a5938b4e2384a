using System.Diagnostics;
using System.Globalization;

namespace LifecycleManager.Testing;

/// <summary>A PostgreSQL server of one test alone; skips the test where PostgreSQL is missing.</summary>
public sealed class PostgresProcess() : ServerProcess("postgres")
{
    private const string Root = "/usr/lib/postgresql";
    private const string User = "postgres";
    private readonly string _binaries = Path.GetDirectoryName(Server.Executable(
        System.IO.Directory.Exists(Root)
            ? [.. System.IO.Directory.GetDirectories(Root).OrderDescending()
                .Select(version => Path.Combine(version, "bin", "postgres")), "postgres"]
            : ["postgres"]))!;

    /// <summary>Where it listens, on the loopback interface.</summary>
    public int Port { get; } = Server.FreePort();

    /// <summary>The state's address in the database that the server has from its beginning.</summary>
    public string StateAddress(string schema) => $"postgres://{User}@127.0.0.1:{Port}/postgres?schema={schema}";

    /// <summary>Its certificate and key, as files; null for no TLS. Copied, since the key has to be the server's alone.</summary>
    public (string Certificate, string Key)? Tls { get; init; }

    private string Data => Path.Combine(Directory, "data");

    /// <summary>Makes the database; once, before the first start.</summary>
    public async Task<PostgresProcess> CreateAsync()
    {
        if (IsRoot)
        {
            await RunAsync("chown", User, Directory);
            await RunAsync("chmod", "755", Directory);
        }

        var (file, arguments) = AsUser("initdb", "-D", Data, "--auth=trust", "--username=" + User, "--no-sync");
        await RunAsync(file, arguments);
        if (Tls is not var (certificate, key)) return this;
        File.Copy(certificate, Path.Combine(Data, "server.crt"));
        File.Copy(key, Path.Combine(Data, "server.key"));
        await RunAsync("chmod", "600", Path.Combine(Data, "server.key"));
        if (IsRoot) await RunAsync("chown", "-R", User, Data);
        return this;
    }

    /// <inheritdoc/>
    protected override ProcessStartInfo Command()
    {
        // Only processes die here, never the machine: what was written to the kernel is there afterwards.
        string[] tls = Tls is null ? [] : ["-c", "ssl=on"];
        var (file, arguments) = AsUser(
            "postgres",
            [
                .. tls, "-D", Data, "-p", Port.ToString(CultureInfo.InvariantCulture), "-c", "listen_addresses=127.0.0.1",
                "-c", "unix_socket_directories=" + Directory, "-c", "fsync=off",
            ]);
        return new ProcessStartInfo(file, arguments);
    }

    /// <inheritdoc/>
    protected override async Task<bool> AnswersAsync()
    {
        try
        {
            await RunAsync(
                Path.Combine(_binaries, "pg_isready"), "-q", "-h", "127.0.0.1", "-p",
                Port.ToString(CultureInfo.InvariantCulture));
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<int> Stoppable(int process) => Signals.Tree(process);

    private static bool IsRoot => Environment.UserName == "root";

    // The server refuses to run as root. The wrapper becomes the server: it keeps its process id.
    private (string File, IEnumerable<string> Arguments) AsUser(string program, params string[] arguments)
    {
        var path = Path.Combine(_binaries, program);
        return IsRoot
            ? ("setpriv", ["--reuid=" + User, "--regid=" + User, "--clear-groups", "--inh-caps=-all", path, .. arguments])
            : (path, arguments);
    }
}
