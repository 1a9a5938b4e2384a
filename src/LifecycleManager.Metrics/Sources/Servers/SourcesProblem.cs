using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Sources.Servers;

/// <summary>What is wrong with the file of named servers, and where. Lines and columns count from 1.</summary>
/// <param name="File">The file.</param>
/// <param name="Line">The line.</param>
/// <param name="Column">The column.</param>
/// <param name="Message">The reason, for people.</param>
/// <param name="Suggestion">What may have been meant; or null.</param>
public sealed record SourcesProblem(string File, int Line, int Column, string Message, string? Suggestion)
{
    /// <summary><c>sources.yml:3:5: error: a redis server has no key 'urll' (did you mean 'url'?)</c></summary>
    public override string ToString() =>
        $"{File}:{Line}:{Column}: error: {Message}{(Suggestion is null ? "" : $" ({Suggestion})")}";
}

/// <summary>What a file of named servers says.</summary>
/// <param name="Names">The servers' names; none where something is wrong, for a bad file is refused whole.</param>
/// <param name="Problems">What is wrong.</param>
public sealed record SourcesCheck(IReadOnlyList<NamedSource> Names, IReadOnlyList<SourcesProblem> Problems)
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    public static SourcesCheck Of(string path)
    {
        var (servers, problems) = SourcesReader.ReadFile(path);
        return new SourcesCheck([.. servers.Select(server => new NamedSource(server.Source, server.Name))], problems);
    }
}
