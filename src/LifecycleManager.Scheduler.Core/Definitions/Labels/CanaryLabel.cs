namespace LifecycleManager.Scheduler.Core.Definitions.Labels;

/// <summary>
/// The label <c>lcm.canary</c>: the stages in which a new version takes over, by commas. Each is a number of instances or a share
/// of them, and how long it rests once they are healthy: a time, or <c>pause</c> until somebody promotes it. <c>1 pause, 25% 5m,
/// 50%</c> starts with one instance and waits for a word, goes on to a quarter for five minutes, then to half, then to all.
/// </summary>
internal static class CanaryLabel
{
    /// <summary>Its name.</summary>
    public const string Name = "lcm.canary";

    /// <summary>How it is written, for those who did otherwise.</summary>
    internal const string Form =
        "must be stages by commas, each larger than the one before: a number or share of instances, then nothing, a time, or pause; such as 1 pause, 25% 5m, 50%";

    private const int MaxStages = 20;

    /// <summary>The stages that an app states; empty for none.</summary>
    internal static IReadOnlyList<RolloutStep> Read(IReadOnlyDictionary<string, string> labels) =>
        labels.TryGetValue(Name, out var text) && TryParse(text, out var steps) ? steps : [];

    /// <summary>Reads the stages.</summary>
    internal static bool TryParse(string text, out IReadOnlyList<RolloutStep> steps)
    {
        var read = new List<RolloutStep>();
        steps = read;
        foreach (var part in text.Split(','))
        {
            var words = part.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length is 0 or > 2 || read.Count == MaxStages || !CanarySize.TryParse(words[0], out var size)) return false;
            if (read.Count > 0 && read[^1].Stage.Size is var before && before.IsShare == size.IsShare
                && before.Value >= size.Value) return false;
            StepPause? pause = null;
            if (words.Length == 2)
            {
                if (words[1] == "pause") pause = new StepPause(null);
                else if (LabelDuration.TryParse(words[1], out var time)) pause = new StepPause(time);
                else return false;
            }

            read.Add(new RolloutStep(new RolloutStage(RolloutKind.Canary, size), pause));
        }

        return true;
    }
}
