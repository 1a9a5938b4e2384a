using System.Globalization;
using LifecycleManager.Runtime;

namespace LifecycleManager.Agent.Containerizers.Processes;

/// <summary>The files between an agent and a task's supervisor, in the task's own directory.</summary>
internal sealed class TaskSupervisorFiles
{
    // Of /proc/PID/stat, of which the kernel makes no more than 52 numbers and a name, and of an exit code.
    private const int LengthOfSelf = 2048, LengthOfEnding = 16;
    private const string ClaimPrefix = "claim.";
    private readonly string _meta;
    private int _attempt;

    /// <param name="meta">The directory.</param>
    public TaskSupervisorFiles(string meta)
    {
        _meta = meta;
        // The number may be damaged: no attempt is made under one that has been claimed.
        var claims = Claims().Select(path => NumberIn(Path.GetFileName(path)[ClaimPrefix.Length..]) ?? -1);
        _attempt = claims.Append(NumberIn(ReadLine(AttemptFile)) ?? -1).Max();
    }

    /// <summary>
    /// Decides whether the attempt is run: a file of its supervisor, or a directory of an agent that gives it up. The kernel
    /// lets only one of them make it.
    /// </summary>
    public string Claim => Path.Combine(_meta, string.Create(CultureInfo.InvariantCulture, $"{ClaimPrefix}{_attempt}"));

    /// <summary>The supervisor's line of <c>/proc</c>.</summary>
    public string Self => Path.Combine(_meta, "supervisor");

    /// <summary>The task's exit code, into space that is there before it starts.</summary>
    public string Ending => Path.Combine(_meta, "ending");

    /// <summary>The task's exit code again, as version 0.1.0 has it.</summary>
    public string Exit => Path.Combine(_meta, "exit");

    /// <summary>The supervisor's own complaints.</summary>
    public string Log => Path.Combine(_meta, "supervisor.log");

    private string AttemptFile => Path.Combine(_meta, "attempt");

    /// <summary>Whether a supervisor may have been started.</summary>
    public bool WasBegun => _attempt >= 0 || ReadSelf() is not null || ReadExit() is not null;

    /// <summary>Gives up an attempt that an earlier agent may have begun.</summary>
    /// <returns>False when its supervisor was faster: the task runs, or has run.</returns>
    public bool Forestall()
    {
        if (Claims().Any(File.Exists) || ReadSelf() is not null || ReadExit() is not null) return false;
        if (_attempt < 0) return true;
        try
        {
            Directory.CreateDirectory(Claim);
            return true;
        }
        catch (IOException) when (File.Exists(Claim))
        {
            return false;
        }
    }

    /// <summary>
    /// To be called before a supervisor is started: takes the space that it needs. None of it has to outlive the machine,
    /// with which the supervisor ends.
    /// </summary>
    /// <exception cref="IOException">The disk is full or fails.</exception>
    public void Begin()
    {
        _attempt++;
        File.WriteAllText(AttemptFile, string.Create(CultureInfo.InvariantCulture, $"{_attempt}\n"));
        File.WriteAllText(Self, new string(' ', LengthOfSelf));
        File.WriteAllText(Ending, new string(' ', LengthOfEnding));
        File.WriteAllText(Log, "");
    }

    /// <summary>The exit code; null while it is not written, or when it is damaged.</summary>
    public int? ReadExit()
    {
        var (ending, exit) = (NumberIn(ReadLine(Ending)), NumberIn(ReadLine(Exit)));
        return ending is not null && exit is not null && ending != exit ? null : ending ?? exit;
    }

    /// <summary>Who the supervisor is; null while it is not written.</summary>
    public ProcessIdentity? ReadSelf() => ReadLine(Self) is { } line ? ProcessStat.Parse(line)?.Identity : null;

    /// <summary>The supervisor's complaints, in one short line.</summary>
    public string Complaints()
    {
        try
        {
            var text = RegularFile.ReadAllText(Log).ReplaceLineEndings(" ").Trim();
            return text.Length > 500 ? text[..500] : text;
        }
        catch (IOException)
        {
            return "";
        }
    }

    private string[] Claims() => Directory.Exists(_meta) ? Directory.GetFileSystemEntries(_meta, ClaimPrefix + "*") : [];

    private static int? NumberIn(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string? ReadLine(string path)
    {
        try
        {
            var text = RegularFile.ReadAllText(path);
            // Without its line feed it is not yet whole; what follows is space that was taken before.
            var end = text.IndexOf('\n', StringComparison.Ordinal);
            return end < 0 ? null : text[..end].Trim();
        }
        catch (IOException)
        {
            return null;
        }
    }
}
