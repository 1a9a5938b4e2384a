using System.Diagnostics;
using System.Text.Json;
using LifecycleManager.Agent.Launching;
using LifecycleManager.Agent.Linux;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Fetching;

/// <summary>Runs one <see cref="FetchProcess"/> as a task's user, in the task's sandbox.</summary>
/// <param name="program">The program with the arguments that make it one.</param>
internal sealed class FetchWorker(IReadOnlyList<string> program)
{
    private const int MaxComplaint = 2000;

    // Of the agent's own variables it gets no secrets: only what tells how to reach and to trust servers.
    private static readonly string[] Inherited =
    [
        "PATH", "LANG", "LC_ALL", "DOTNET_ROOT", "SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy", "all_proxy",
        "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
    ];

    /// <summary>The agent's own program as such a process: what <c>lcm</c> is, or what stands beside it.</summary>
    public static IReadOnlyList<string> OwnProgram()
    {
        var directory = AppContext.BaseDirectory;
        var (native, managed) = (Path.Combine(directory, "lcm"), Path.Combine(directory, "lcm.dll"));
        var self = Environment.ProcessPath ?? native;
        return Path.GetFileName(self) == "dotnet" && File.Exists(managed) ? [self, managed, FetchProcess.Verb]
            : [File.Exists(native) ? native : self, FetchProcess.Verb];
    }

    /// <summary>Runs a job to its end.</summary>
    /// <param name="job">What is asked for.</param>
    /// <param name="user">As whom; null for the agent's own user.</param>
    /// <param name="sandbox">The working directory.</param>
    /// <param name="content">The artifact, where the process does not get it itself; of the job's length.</param>
    /// <param name="output">Gets the artifact, where the job names no file.</param>
    /// <param name="cancellation">Gives up: nothing of the process is left then.</param>
    /// <exception cref="LaunchException">The artifact exceeds the task's disk.</exception>
    /// <exception cref="IOException">It cannot be fetched; the message says why.</exception>
    public async Task RunAsync(
        FetchJob job, UserAccount? user, string sandbox, Stream? content, Stream? output, CancellationToken cancellation)
    {
        using var process = Start(user is null ? program : user.Run(program), sandbox);
        try
        {
            var complaint = process.StandardError.ReadToEndAsync(cancellation);
            // Read to its end whatever it is: a full pipe would hold the process.
            var copied = process.StandardOutput.BaseStream.CopyToAsync(output ?? Stream.Null, cancellation);
            await AskAsync(process.StandardInput.BaseStream, job, content, cancellation);
            await Task.WhenAll(complaint, copied);
            await process.WaitForExitAsync(cancellation);
            if (process.ExitCode == 0) return;
            var why = (await complaint).Trim();
            if (why.Length > MaxComplaint) why = why[..MaxComplaint];
            if (process.ExitCode == FetchProcess.DiskLimit)
                throw new LaunchException($"the artifact {job.Source} cannot be fetched: {why}",
                    reason: StatusReason.ContainerLimitationDisk)
                { Limitation = [Resource.OfScalar("disk", (job.Quota ?? 0) / 1048576.0)] };
            throw new IOException(why.Length > 0 ? why : $"the fetching process ended with exit code {process.ExitCode}");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }
    }

    private static Process Start(IReadOnlyList<string> command, string sandbox)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            WorkingDirectory = sandbox,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        foreach (var name in Inherited)
        {
            if (Environment.GetEnvironmentVariable(name) is { } value) start.Environment[name] = value;
        }

        start.Environment.TryAdd("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        // It lives for a moment: nothing of it is left in the directory of temporary files.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment["DOTNET_TieredPGO"] = "0";
        try
        {
            return Process.Start(start) ?? throw new IOException("the fetching process does not start");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new IOException($"the fetching process does not start: {e.Message}", e);
        }
    }

    private static async Task AskAsync(Stream input, FetchJob job, Stream? content, CancellationToken cancellation)
    {
        try
        {
            await input.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(job, FetchJson.Default.FetchJob), cancellation);
            await input.WriteAsync("\n"u8.ToArray(), cancellation);
            if (content is not null) await content.CopyToAsync(input, cancellation);
            await input.FlushAsync(cancellation);
        }
        catch (IOException)
        {
            // It has ended early, and says why; or the artifact's copy cannot be read, and it waits for no more of it.
            input.Close();
        }
    }
}
