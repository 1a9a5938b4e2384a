using System.Globalization;

namespace LifecycleManager.Decisions.Recommending;

/// <summary>What is to be said of what an instance asks for.</summary>
public enum SizeVerdict
{
    /// <summary>There is nothing to say it from yet.</summary>
    Unknown,

    /// <summary>It is within the bounds.</summary>
    Fits,

    /// <summary>More than the upper bound.</summary>
    TooMuch,

    /// <summary>Less than the lower bound.</summary>
    TooLittle,
}

/// <summary>One resource of an instance, in cpus or MB; amounts are null where nothing is known of them.</summary>
/// <param name="Verdict">What is to be said.</param>
/// <param name="Asked">What the app's definition asks for.</param>
/// <param name="Used">What is used at the percentile of the target.</param>
/// <param name="Lower">With less it has too little.</param>
/// <param name="Target">What is right: cpus to a hundredth, whole MB, rounded up.</param>
/// <param name="Upper">With more it has too much.</param>
public readonly record struct ResourceAdvice(
    SizeVerdict Verdict, double? Asked, double? Used = null, double? Lower = null, double? Target = null, double? Upper = null)
{
    /// <summary>What is asked and not used; of what fits nothing.</summary>
    public double Unused => Verdict == SizeVerdict.TooMuch ? Math.Round(Asked!.Value - Target!.Value, 3) : 0;
}

/// <summary>
/// What an app's instances should ask for beside what they do. What lies within the bounds is right, since they say how sure the
/// target is; and before there is a day of samples nothing is said.
/// </summary>
/// <param name="Cpus">Cores of an instance.</param>
/// <param name="Memory">MB of an instance.</param>
/// <param name="Text">The same as a sentence.</param>
public sealed record SizeAdvice(ResourceAdvice Cpus, ResourceAdvice Memory, string Text)
{
    /// <summary>With less confidence nothing is said: the equivalent of a day.</summary>
    public const double LeastConfidence = 1;

    private const double Megabyte = 1024 * 1024;

    /// <summary>Whether there is something to be changed.</summary>
    public bool IsToBeChanged => IsWrong(Cpus) || IsWrong(Memory);

    /// <summary>What is advised.</summary>
    /// <param name="usage">What its instances have used; null where they were never measured.</param>
    /// <param name="cpus">What an instance asks for, in cores; null where that is not known.</param>
    /// <param name="memory">What an instance asks for, in MB; null where that is not known.</param>
    /// <param name="instances">How many are asked for.</param>
    /// <param name="recommender">Recommends.</param>
    public static SizeAdvice Of(AppUsage? usage, double? cpus, double? memory, int instances, Recommender recommender)
    {
        ArgumentNullException.ThrowIfNull(recommender);
        if (usage is null || usage is { First: null, Memory.IsEmpty: true })
            return Nothing(cpus, memory, "nothing was measured of it yet");
        if (usage.First is null) return Nothing(cpus, memory, "its cpu time is not measured");
        if (usage.Confidence < LeastConfidence)
        {
            return Nothing(cpus, memory, string.Create(CultureInfo.InvariantCulture,
                $"too young: the samples are worth {usage.Confidence * 24:0.#} hours at one a minute, and a day is needed"));
        }

        var amounts = recommender.Recommend(usage);
        var cpu = Judge(cpus, amounts.Cpu, 1000, 100);
        var mem = usage.Memory.IsEmpty ? new ResourceAdvice(SizeVerdict.Unknown, memory)
            : Judge(memory, amounts.Memory, Megabyte, 1);
        return new SizeAdvice(cpu, mem, Say(cpu, mem, instances, recommender));
    }

    private static SizeAdvice Nothing(double? cpus, double? memory, string why) =>
        new(new ResourceAdvice(SizeVerdict.Unknown, cpus), new ResourceAdvice(SizeVerdict.Unknown, memory), why);

    private static bool IsWrong(ResourceAdvice advice) => advice.Verdict is SizeVerdict.TooMuch or SizeVerdict.TooLittle;

    private static ResourceAdvice Judge(double? asked, ResourceBounds bounds, double unit, double steps)
    {
        var target = Math.Ceiling(bounds.Target / unit * steps) / steps;
        var verdict = asked is not { } amount ? SizeVerdict.Unknown
            : amount * unit > bounds.Upper && amount > target ? SizeVerdict.TooMuch
            : amount * unit < bounds.Lower && amount < target ? SizeVerdict.TooLittle : SizeVerdict.Fits;
        return new ResourceAdvice(
            verdict, asked, Amount(bounds.Used), Amount(bounds.Lower), target, Amount(bounds.Upper));

        double Amount(long amount) => Math.Round(amount / unit, 3);
    }

    private static string Say(ResourceAdvice cpus, ResourceAdvice memory, int instances, Recommender recommender)
    {
        var percentile = string.Create(CultureInfo.InvariantCulture, $"{recommender.TargetPercentile * 100:0.#}th percentile");
        string?[] parts =
        [
            Part(cpus, "cpus", $"uses {Number(cpus.Used, "0.##")} at its {percentile}"),
            Part(memory, "MB", $"its peaks are {Number(memory.Used, "0")} at their {percentile}"),
            Wasted(cpus.Unused * instances, memory.Unused * instances),
        ];
        var said = string.Join("; ", parts.Where(part => part is not null));
        return (memory.Target, said) switch
        {
            (null, "") => "its cpus are right; its memory is not measured",
            (null, _) => said + "; its memory is not measured",
            (_, "") => cpus.Asked is null || memory.Asked is null ? "what it asks for is not known" : "its size is right",
            _ => said,
        };
    }

    private static string? Part(ResourceAdvice advice, string unit, string used) => advice.Verdict switch
    {
        SizeVerdict.TooMuch => $"asks {Number(advice.Asked, "0.##")} {unit}, {used}: {Number(advice.Target, "0.##")} would do",
        SizeVerdict.TooLittle => $"asks {Number(advice.Asked, "0.##")} {unit}, {used}: {Number(advice.Target, "0.##")} is right",
        _ => null,
    };

    private static string? Wasted(double cpus, double memory) => (cpus > 0, memory > 0) switch
    {
        (true, true) => $"{Number(cpus, "0.##")} cpus and {Number(memory, "0")} MB are asked and not used",
        (true, false) => $"{Number(cpus, "0.##")} cpus are asked and not used",
        (false, true) => $"{Number(memory, "0")} MB are asked and not used",
        _ => null,
    };

    private static string? Number(double? amount, string format) => amount?.ToString(format, CultureInfo.InvariantCulture);
}
