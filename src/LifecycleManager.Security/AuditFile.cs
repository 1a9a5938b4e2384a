using System.Text;
using System.Text.Json;
using LifecycleManager.Runtime.Health;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Security;

/// <summary>
/// A file that gets a line of JSON for each entry of the audit. It is opened for each, so that whoever rotates logs may move it
/// away, and for one writer at a time, since roles may share it. An entry that cannot be written is in the role's log, and health
/// says so until one can.
/// </summary>
public sealed class AuditFile
{
    private const UnixFileMode OwnersAlone = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // Another writer has it for as long as it takes to write a line.
    private const int MaxTries = 100;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly string _path;
    private readonly ILogger<AuditFile> _log;
    private readonly Lock _gate = new();
    private string? _problem;

    /// <param name="path">The file; it is made where it is not there, readable for its owner alone.</param>
    /// <param name="health">Is told where it cannot be written.</param>
    /// <param name="log">The log.</param>
    public AuditFile(string path, RoleHealth health, ILogger<AuditFile> log)
    {
        ArgumentNullException.ThrowIfNull(health);
        (_path, _log) = (path, log);
        health.Warn(() => Volatile.Read(ref _problem));
    }

    /// <summary>Adds an entry; quick, and callable from any thread.</summary>
    public void Write(AuditEntry entry)
    {
        var line = Encoding.UTF8.GetBytes(JsonSerializer.Serialize(entry, AuditEntryJson.Default.AuditEntry) + "\n");
        try
        {
            lock (_gate)
            {
                using var file = Open();
                file.Write(line);
            }

            Volatile.Write(ref _problem, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var problem = $"the audit cannot be written to {_path}: {e.Message}";
            if (Interlocked.Exchange(ref _problem, problem) is null)
                _log.LogError("The audit cannot be written to {Path}, and is in this log alone: {Reason}", _path, e.Message);
        }
    }

    private FileStream Open()
    {
        var how = new FileStreamOptions
        {
            Mode = FileMode.Append,
            Access = FileAccess.Write,
            Share = FileShare.None,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows()) how.UnixCreateMode = OwnersAlone;
        for (var tries = 1; ; tries++)
        {
            try
            {
                return new FileStream(_path, how);
            }
            catch (IOException e) when (tries < MaxTries && IsInUse(e))
            {
                Thread.Sleep(Pause);
            }
        }
    }

    // EWOULDBLOCK of the lock, and what Windows calls a sharing violation.
    private static bool IsInUse(IOException problem) => problem.GetType() == typeof(IOException)
        && (problem.HResult & 0xFFFF) is 11 or 32 or 35;
}
