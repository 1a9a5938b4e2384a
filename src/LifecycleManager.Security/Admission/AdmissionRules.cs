namespace LifecycleManager.Security.Admission;

/// <summary>
/// What tasks may be. The first rule that is about a task, by its role and its app, decides alone; what no rule is about is not
/// admitted. Immutable.
/// </summary>
public sealed class AdmissionRules
{
    private readonly IReadOnlyList<AdmissionRule> _rules;
    private readonly IReadOnlyList<string> _schedulers;

    internal AdmissionRules(IReadOnlyList<AdmissionRule> rules, IReadOnlyList<string> schedulers) =>
        (_rules, _schedulers) = (rules, schedulers);

    /// <summary>Everything is admitted: for a machine whose roles nobody else reaches.</summary>
    public static AdmissionRules Open { get; } =
        new([new AdmissionRule { Name = "open", Limits = AdmissionLevels.Privileged }], []);

    /// <summary>Where nothing is said, and others reach the roles: nothing is admitted that gives root on the machine.</summary>
    public static AdmissionRules Default { get; } =
        new([new AdmissionRule { Name = "default", Limits = AdmissionLevels.Baseline }], []);

    /// <summary>Reads the text of a file, YAML or JSON.</summary>
    /// <exception cref="FormatException">It is not what it should be; the message says where.</exception>
    public static AdmissionRules Parse(string text) => AdmissionFile.Parse(text);

    /// <summary>What of a task is not admitted; empty where all is.</summary>
    public IReadOnlyList<AdmissionRefusal> Judge(AdmissionRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        foreach (var rule in _rules)
        {
            if (rule.IsAbout(request)) return rule.Judge(request);
        }

        return [new AdmissionRefusal(null, "/", "")];
    }

    /// <summary>
    /// Whether a framework is believed which app a task of it is of: one whose principal is named as a scheduler, and any where
    /// the master asks nobody who he is, since there everybody may be who he likes.
    /// </summary>
    /// <param name="principal">The framework's, as the master has verified it; null where it asks nobody.</param>
    public bool Believes(string? principal) => principal is null || _schedulers.Contains(principal) || _schedulers.Contains("*");
}
