using System.Globalization;
using YamlDotNet.Core;

namespace LifecycleManager.Decisions.Tools.Import;

/// <summary>What became of a part of the source.</summary>
internal enum RemarkKind
{
    /// <summary>The policy lacks it: the source would decide otherwise.</summary>
    Lost,

    /// <summary>The policy has it, with another meaning or on a condition.</summary>
    Changed,

    /// <summary>It decides no count: what a server reports, names, ownership.</summary>
    Harmless,
}

/// <summary>One remark on the source.</summary>
/// <param name="File">The file.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Column">The column, from 1.</param>
/// <param name="Kind">What became of it.</param>
/// <param name="Text">What there is to say.</param>
internal sealed record Remark(string File, long Line, long Column, RemarkKind Kind, string Text)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{File}:{Line}:{Column}: {(Kind == RemarkKind.Lost ? "lost" : "note")}: {Text}");
}

/// <summary>The source cannot be read at all.</summary>
internal sealed class ImportException(Mark at, string message) : FormatException(message)
{
    public Mark At => at;
}

/// <summary>
/// Gathers what became of the source. It knows every mapping that was opened, so that no key goes without a word:
/// <see cref="Finish"/> reports those that nobody asked for.
/// </summary>
internal sealed class ImportLog(string file)
{
    private const int Most = 1000;
    private readonly List<Remark> _remarks = [];
    private readonly List<Section> _sections = [];

    public IReadOnlyList<Remark> Remarks => _remarks;

    public bool HasLost { get; private set; }

    public void Lost(Mark at, string text) => Add(at, RemarkKind.Lost, text);

    public void Changed(Mark at, string text) => Add(at, RemarkKind.Changed, text);

    public void Harmless(Mark at, string text) => Add(at, RemarkKind.Harmless, text);

    public void Open(Section section) => _sections.Add(section);

    /// <summary>Reports every key that nobody asked for, in the order of the source.</summary>
    public void Finish()
    {
        foreach (var section in _sections) section.Done();
        _sections.Clear();
        var ordered = _remarks.OrderBy(remark => remark.Line).ThenBy(remark => remark.Column).ToList();
        _remarks.Clear();
        _remarks.AddRange(ordered);
    }

    private void Add(Mark at, RemarkKind kind, string text)
    {
        HasLost |= kind == RemarkKind.Lost;
        var remark = new Remark(file, Math.Max(1, at.Line), Math.Max(1, at.Column), kind, text);
        if (_remarks.Count < Most && !_remarks.Contains(remark)) _remarks.Add(remark);
    }
}
