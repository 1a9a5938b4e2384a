namespace LifecycleManager.Scheduler.Core.Definitions.Labels;

/// <summary>A wish of an app to be near the instances of others, or away from them.</summary>
/// <param name="Others">The id of the other app, or <c>/group/*</c> for all apps below a group; never the app itself.</param>
/// <param name="Field">What nearness is: the same <c>@hostname</c>, <c>@zone</c>, <c>@region</c> or value of an
/// attribute.</param>
/// <param name="IsNear">Near them (affinity), not away (anti-affinity).</param>
/// <param name="IsRequired">An agent that does not do is refused; else others are only preferred to it.</param>
internal sealed record AffinityTerm(string Others, string Field, bool IsNear, bool IsRequired)
{
    private const string Everything = "/*";

    /// <summary>Whether an app is one of the others.</summary>
    public bool Means(string app) => Others.EndsWith(Everything, StringComparison.Ordinal)
        ? app.StartsWith(Others[..^1], StringComparison.Ordinal)
        : app == Others;

    /// <summary>
    /// Reads a label: terms by commas, each an app or a group with <c>/*</c>, and where the same agent is not meant, <c>in
    /// FIELD</c>: <c>/db, /cache/* in @zone</c>.
    /// </summary>
    /// <param name="text">The label's value.</param>
    /// <param name="near">For affinity.</param>
    /// <param name="required">For what must be kept.</param>
    /// <param name="problem">Why it cannot be read, or null.</param>
    public static IReadOnlyList<AffinityTerm> Read(string text, bool near, bool required, out string? problem)
    {
        problem = null;
        var terms = new List<AffinityTerm>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var words = part.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            var id = words.Length > 0 ? words[0] : "";
            var bare = id.EndsWith(Everything, StringComparison.Ordinal) ? id[..^2] : id;
            if (words is not ([_] or [_, "in", _]))
                problem = $"'{part}' must be an app such as /db or /group/*, or with what they share: /db in @zone";
            else if (!id.StartsWith('/') || (bare.Length > 0 && AppIdSyntax.WhyInvalid(new AppId(bare)) is not null) || id == "/")
                problem = $"'{id}' must be the absolute id of an app, or of a group with /*";
            else terms.Add(new AffinityTerm(id, words.Length == 3 ? words[2] : "@hostname", near, required));
        }

        return terms;
    }
}
