using NRules.Fluent.Dsl;
using Opinions = LifecycleManager.Decisions.Rules.Opinions;

namespace LifecycleManager.Decisions.Engine;

/// <summary>
/// How the opinions of an app's rules become the one count that is wanted, before bounds, windows, limits and cooldown: the HPA's
/// way (<c>kubernetes/pkg/controller/podautoscaler</c>). The first five exclude each other, so that their order does not matter.
/// </summary>
internal static class Combination
{
    /// <summary>The rules of the combination.</summary>
    public static readonly Type[] Rules =
        [typeof(SwitchedOff), typeof(NobodyAsks), typeof(Growth), typeof(Floor), typeof(Agreement), typeof(UnknownHolds)];

    [Name("an app that was switched off stays off")]
    internal sealed class SwitchedOff : Rule
    {
        public override void Define()
        {
            Opinions all = default!;
            When().Match(() => all, o => o.IsSwitchedOff);
            Then().Do(_ => all.Want(Math.Max(0, Math.Max(all.Highest, all.Floor)),
                all.Floor > Math.Max(0, all.Highest) ? all.FloorRule : all.HighestRule));
        }
    }

    [Name("nobody asks for a change")]
    internal sealed class NobodyAsks : Rule
    {
        public override void Define()
        {
            Opinions all = default!;
            When().Match(() => all, o => !o.IsSwitchedOff && o.Highest < 0 && o.Floor <= o.Instances);
            Then().Do(_ => all.Want(all.Instances, -1));
        }
    }

    [Name("growth takes the highest")]
    internal sealed class Growth : Rule
    {
        public override void Define()
        {
            Opinions all = default!;
            When().Match(() => all, o => !o.IsSwitchedOff && o.Highest > o.Instances && o.Floor <= o.Highest);
            Then().Do(_ => all.Want(all.Highest, all.HighestRule));
        }
    }

    [Name("what will be needed is there")]
    internal sealed class Floor : Rule
    {
        public override void Define()
        {
            Opinions all = default!;
            When().Match(() => all, o => !o.IsSwitchedOff && o.Floor > (o.Highest < 0 ? o.Instances : o.Highest));
            Then().Do(_ => all.Want(all.Floor, all.FloorRule));
        }
    }

    [Name("shrinking takes what all agree to")]
    internal sealed class Agreement : Rule
    {
        public override void Define()
        {
            Opinions all = default!;
            When().Match(() => all, o => !o.IsSwitchedOff && o.Highest >= 0 && o.Highest <= o.Instances && o.Floor <= o.Highest);
            Then().Do(_ => all.Want(all.Highest, all.HighestRule));
        }
    }

    [Name("what is unknown never shrinks")]
    internal sealed class UnknownHolds : Rule
    {
        public override void Define()
        {
            Opinions all = default!;
            When().Match(() => all, o => o.AnyUnknown && Math.Max(o.Highest, o.Floor) <= o.Instances);
            Then().Do(_ => all.Hold());
        }
    }
}
