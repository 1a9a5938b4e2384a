using System.Globalization;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;

namespace LifecycleManager.Decisions.Tests.Oracle;

/// <summary>
/// The <c>then</c> of a rule. Growth is counted from the instances that serve: while others are still on their way, a rule that
/// asked for them and still holds does not ask again (<c>add: 1</c> at 2 serving and 1 pending is 3, the count there is).
/// </summary>
internal sealed record OracleRuleAction(ActionKind Kind)
{
    public double Amount { get; init; }

    public bool IsPercent { get; init; }

    public Expression? Count { get; init; }

    public int Min { get; init; } = -1;

    public int Max { get; init; } = -1;

    /// <summary>
    /// Whether the action counts from the instances that there are, so that it must not act twice on the same ground.
    /// </summary>
    public bool IsRelative => Kind is ActionKind.Add or ActionKind.Remove or ActionKind.Multiply;

    /// <summary>Whether it can ask for fewer instances.</summary>
    public bool CanShrink =>
        Kind is ActionKind.Remove or ActionKind.Set || Max >= 0 || (Kind == ActionKind.Multiply && Amount < 1);

    public RuleOpinion Apply(OracleRuleTick tick)
    {
        var instances = tick.Facts.Instances;
        var serving = Math.Max(0, instances - tick.Pending);
        switch (Kind)
        {
            case ActionKind.Bounds:
                return new RuleOpinion(RuleVerdict.Bounds, instances, Min, Max);
            case ActionKind.Add:
                return Asked(Math.Max(instances, serving + Share(serving, up: true)));
            case ActionKind.Remove:
                return Asked(Math.Max(0, instances - Share(instances, up: false)));
            case ActionKind.Multiply when Amount >= 1:
                return Asked(Math.Max(instances, Ceiling(Math.Max(1, serving) * Amount)));
            case ActionKind.Multiply:
                // Meant to be so since: half of one is none.
                return Asked(Math.Max(0, Math.Min(instances - 1, Ceiling(instances * Amount))));
            default:
                var count = Count!.Number!(tick.Slots);
                return count.IsKnown
                    ? RuleOpinion.Between(Ceiling(count.Low), Ceiling(Count.Number(tick.Growing).Low), Ceiling(count.High),
                        instances)
                    : RuleOpinion.Unknown;
        }
    }

    /// <summary><c>+1</c>, <c>-50%</c>, <c>to 4</c>.</summary>
    public string Describe(in RuleOpinion opinion, OracleRuleTick tick)
    {
        var text = Kind switch
        {
            ActionKind.Add => "+" + AmountText,
            ActionKind.Remove => "-" + AmountText,
            ActionKind.Multiply => string.Create(CultureInfo.InvariantCulture, $"times {Amount}"),
            ActionKind.Set => Count!.IsConstant ? $"to {opinion.Count}" : $"to {opinion.Count} ({Count.Show(tick.Growing)})",
            _ => string.Join(", ", new[] { Min >= 0 ? $"at least {Min}" : null, Max >= 0 ? $"at most {Max}" : null }
                .Where(part => part is not null)),
        };
        return Kind is ActionKind.Add or ActionKind.Multiply && tick.Pending > 0
            ? $"{text} ({tick.Pending} of {tick.Facts.Instances} not serving yet)"
            : text;
    }

    private string AmountText => string.Create(CultureInfo.InvariantCulture, $"{Amount}{(IsPercent ? "%" : "")}");

    private static RuleOpinion Asked(int count) => new(RuleVerdict.Count, count);

    private int Share(int of, bool up)
    {
        if (!IsPercent) return (int)Amount;
        var share = of * Amount / 100;
        return Math.Max(1, up ? Ceiling(share) : (int)Math.Floor(share + 1e-9));
    }

    /// <summary>
    /// The least whole number not below a count, rounding noise of the division apart; bounded to what makes sense.
    /// </summary>
    internal static int Ceiling(double count) => (int)Math.Clamp(Math.Ceiling(count - 1e-9), 0, 1_000_000);
}
