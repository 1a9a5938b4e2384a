using System.Security.Cryptography;
using System.Text;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tools;
using LifecycleManager.Runtime;

namespace LifecycleManager.Manager.Editing;

/// <summary>A file of the rules directory.</summary>
/// <param name="Text">Its text.</param>
/// <param name="Tag">Of its bytes; another text has another.</param>
internal sealed record RuleFileText(string Text, string Tag);

/// <summary>What came of a write.</summary>
/// <param name="Written">As it is now; null where it was not written.</param>
/// <param name="Found">What another has there in place of what was expected; null for no file.</param>
/// <param name="Problems">Why it would be refused, where it would be.</param>
internal sealed record RuleFileChange(RuleFileText? Written, RuleFileText? Found, IReadOnlyList<PolicyProblem> Problems);

/// <summary>
/// The files of the rules directory, by their names below it: no name leads out of it, and no link is gone through. One is
/// written by its whole text, checked beside all others first, and a reader sees the old text or the new one.
/// </summary>
/// <param name="directory">The directory.</param>
/// <param name="policies">What is read of it.</param>
internal sealed class EditableRules(string directory, PolicyDirectory policies) : IDisposable
{
    /// <summary>The longest file, in bytes.</summary>
    public const int MaxBytes = 1024 * 1024;

    private const int MaxName = 200;
    private const int MaxTests = 200;

    private readonly string _root = Path.GetFullPath(directory);
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>What is wrong with a name; null where nothing is.</summary>
    public static string? WrongName(string name)
    {
        if (name.Length > MaxName) return $"the name is over {MaxName} characters";
        var parts = name.Split('/');
        if (parts.Any(part => part.Length == 0 || part[0] == '.' || !part.All(IsPlain)))
        {
            return $"'{name}' is no name of a file: letters, digits, '-', '_' and '.' are, after '/' in a folder; "
                + "none begins with '.'";
        }

        return PolicyDirectory.IsPolicyFile(name) || PolicyTest.IsTestFile(name) ? null
            : $"'{name}' is no policy file: those end with .yml or .yaml";
    }

    /// <summary>The names of the policy files and of the tests beside them.</summary>
    /// <exception cref="IOException">A folder cannot be read.</exception>
    public IReadOnlyList<string> Names()
    {
        var files = Present();
        var tests = files.Select(Path.GetDirectoryName).OfType<string>().Distinct().SelectMany(Directory.EnumerateFiles)
            .Where(PolicyTest.IsTestFile).Take(MaxTests);
        return [.. files.Concat(tests).Select(file => Path.GetRelativePath(_root, file).Replace(Path.DirectorySeparatorChar, '/'))
            .Where(name => WrongName(name) is null).Order(StringComparer.Ordinal)];
    }

    /// <summary>A file; null where there is none.</summary>
    /// <exception cref="IOException">It cannot be read, is too large, or a link leads there.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public RuleFileText? Read(string name)
    {
        var path = PathOf(name);
        if (!File.Exists(path)) return null;
        RefuseLinks(name);
        var length = new FileInfo(path).Length;
        if (length > MaxBytes) throw new IOException($"{name} is over {MaxBytes} bytes");

        // Empty, as a named pipe is: to open that would wait for somebody who writes.
        var bytes = length == 0 ? [] : RegularFile.ReadAllBytes(path);
        return new RuleFileText(Encoding.UTF8.GetString(bytes), Tag(bytes));
    }

    /// <summary>Writes a file where what is there is what was expected, and it is good beside all others.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="text">Its text.</param>
    /// <param name="expected">The tag of what was read; null for a file that must not be there yet.</param>
    /// <param name="cancellation">Gives up before it is written.</param>
    /// <exception cref="IOException">It cannot be written, or a link leads there.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public async Task<RuleFileChange> WriteAsync(string name, string text, string? expected, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            if (Read(name) is var found && found?.Tag != expected) return new RuleFileChange(null, found, []);
            if (await Task.Run(() => Wrong(name, text), cancellation) is { Count: > 0 } problems)
                return new RuleFileChange(null, found, problems);
            return await Task.Run(() => Replace(name, text, expected), cancellation);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private static bool IsPlain(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.';

    private static string Tag(byte[] bytes) => $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 16))}\"";

    // The policy files that are there.
    private List<string> Present() =>
        [.. policies.Files.Where(file => file.GoneSince is null).Select(file => Path.GetFullPath(file.File))];

    private string PathOf(string name) => Path.Combine(_root, name.Replace('/', Path.DirectorySeparatorChar));

    // A link may lead out of the directory, or belong to who mounts it: what it leads to is not ours to replace.
    private void RefuseLinks(string name)
    {
        var parts = name.Split('/');
        for (var count = 1; count <= parts.Length; count++)
        {
            var path = PathOf(string.Join('/', parts.Take(count)));
            FileSystemInfo entry = count == parts.Length ? new FileInfo(path) : new DirectoryInfo(path);
            if (entry.LinkTarget is not null) throw new IOException($"{name} is reached by a link");
        }
    }

    /// <summary>The errors that it would bring: its own, and those of others that it makes.</summary>
    private List<PolicyProblem> Wrong(string name, string text)
    {
        var path = PathOf(name);
        if (PolicyTest.IsTestFile(name))
        {
            // A test that fails is one that can be read: what it says of the policies is for whoever runs it.
            return [.. PolicyTest.Check(path, new Replaced(path, text, Within))
                .Select(problem => problem with { File = Path.GetRelativePath(_root, problem.File).Replace('\\', '/') })];
        }

        var others = Present();
        var before = Errors(others, DiskFiles.Instance).Select(problem => (problem.File, problem.Message)).ToHashSet();
        return [.. Errors(others.Append(path).Distinct(StringComparer.Ordinal), new Replaced(path, text))
            .Where(problem => problem.File == path || !before.Contains((problem.File, problem.Message)))
            .Select(problem => problem with { File = Path.GetRelativePath(_root, problem.File).Replace('\\', '/') })];
    }

    private static IEnumerable<PolicyProblem> Errors(IEnumerable<string> paths, IPolicyFiles files)
    {
        PolicyCheck.Check(paths, TextWriter.Null, files, null, out var problems, out _, out _);
        return problems.Where(problem => problem.Severity == PolicySeverity.Error);
    }

    private RuleFileChange Replace(string name, string text, string? expected)
    {
        var (path, bytes) = (PathOf(name), Encoding.UTF8.GetBytes(text));
        RefuseLinks(name);

        // Begins with a dot: nobody takes it for a policy file.
        var temporary = Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.new");
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                if (!OperatingSystem.IsWindows() && expected is not null)
                    File.SetUnixFileMode(file.SafeFileHandle, File.GetUnixFileMode(path));
                file.Write(bytes);
                file.Flush(flushToDisk: true);
            }

            // Somebody with an editor may have been quicker while it was checked.
            if (Read(name) is var found && found?.Tag != expected) return new RuleFileChange(null, found, []);
            File.Move(temporary, path, overwrite: expected is not null);
        }
        finally
        {
            File.Delete(temporary);
        }

        policies.Reload();
        return new RuleFileChange(new RuleFileText(text, Tag(bytes)), null, []);
    }

    // A test names the files that it tests: what the manager can read elsewhere is nothing to be told of.
    private void Within(string sought)
    {
        var name = Path.GetRelativePath(_root, Path.GetFullPath(sought)).Replace(Path.DirectorySeparatorChar, '/');
        if (Path.IsPathRooted(name) || name.Split('/')[0] == "..") throw new IOException("it is not in the rules directory");
        RefuseLinks(name);
    }

    /// <summary>The files of this machine, with one text in place of what a file has.</summary>
    private sealed class Replaced(string path, string text, Action<string>? refuse = null) : IPolicyFiles
    {
        public IReadOnlyList<string>? Find(string sought)
        {
            if (sought == path) return [path];
            refuse?.Invoke(sought);
            return DiskFiles.Instance.Find(sought);
        }

        public string Read(string sought)
        {
            if (sought == path) return text;
            refuse?.Invoke(sought);
            return DiskFiles.Instance.Read(sought);
        }

        public void Write(string sought, string written, bool isNew) => throw new NotSupportedException("a check writes nothing");
    }
}
