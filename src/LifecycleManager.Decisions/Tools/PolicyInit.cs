using System.Buffers;
using LifecycleManager.Decisions.Tools.Import;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Decisions.Tools;

/// <summary><c>lcm policy init</c>: a commented first policy of a kind, and its test.</summary>
public static class PolicyInit
{
    private static readonly SearchValues<char> NoId = SearchValues.Create(" \t\n{}[],'\"");

    /// <summary>The kinds there are.</summary>
    public static IReadOnlyList<string> Kinds { get; } = [.. PolicyTemplate.All.Select(template => template.Kind)];

    /// <summary>The kind that is written where none is named.</summary>
    public const string DefaultKind = "target";

    /// <summary>Writes a policy for an app.</summary>
    /// <param name="app">The absolute app id.</param>
    /// <param name="kind">One of <see cref="Kinds"/>.</param>
    /// <param name="file">Where to; null for <paramref name="output"/>. Nothing is overwritten. <c>x.yml</c> gets a test
    /// <c>x.test.yml</c> beside it.</param>
    /// <param name="output">Gets the policy, or what was written.</param>
    /// <param name="error">Gets what is wrong.</param>
    /// <param name="files">Where files are written; null for the disk.</param>
    /// <returns>0 written; 2 an argument is wrong, or the file is there already.</returns>
    public static int Run(string app, string kind, string? file, TextWriter output, TextWriter error, IPolicyFiles? files = null)
    {
        ArgumentNullException.ThrowIfNull(app);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(error);
        if (!Kinds.Contains(kind))
        {
            error.WriteLine($"there is no kind '{kind}' ({NearestName.Suggest(kind, Kinds)})");
            return ExitCodes.Failed;
        }

        return IsId(app, error)
            ? Write(app, PolicyTemplate.All.First(one => one.Kind == kind), "", file, output, error, files) : ExitCodes.Failed;
    }

    /// <summary>Whether a text is an app's absolute id; says so where it is not.</summary>
    public static bool IsId(string app, TextWriter error)
    {
        ArgumentNullException.ThrowIfNull(app);
        ArgumentNullException.ThrowIfNull(error);
        if (app.StartsWith('/') && app.Length >= 2 && !app.AsSpan().ContainsAny(NoId)) return true;
        error.WriteLine($"'{app}' is not an absolute app id, such as /shop/search");
        return false;
    }

    internal static int Write(
        string app, PolicyTemplate template, string remarks, string? file, TextWriter output, TextWriter error,
        IPolicyFiles? files)
    {
        var (policy, test) = (
            template.Policy(PolicyDraft.Quote(app), PolicyDraft.Quote(app.Trim('/').Replace('/', ' ')), remarks),
            template.Test(PolicyDraft.Quote(app)));
        if (file is null)
        {
            output.Write(policy);
            return ExitCodes.Good;
        }

        var testFile = Path.ChangeExtension(file, ".test" + Path.GetExtension(file));
        try
        {
            foreach (var (path, text) in (ReadOnlySpan<(string, string)>)[(file, policy), (testFile, test)])
            {
                (files ?? DiskFiles.Instance).Write(path, text, isNew: true);
                output.WriteLine($"written: {path}");
            }

            return ExitCodes.Good;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"{file}: cannot be written: {e.Message}");
            return ExitCodes.Failed;
        }
    }
}
