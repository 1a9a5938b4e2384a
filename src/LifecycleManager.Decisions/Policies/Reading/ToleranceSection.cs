namespace LifecycleManager.Decisions.Policies.Reading;

/// <summary>Reads a target's <c>tolerance</c>.</summary>
internal static class ToleranceSection
{
    /// <summary>Reads <c>tolerance</c>: a share, or one for each direction.</summary>
    public static (double Out, double In) Read(MapReader target, ProblemSink problems)
    {
        const double Usual = 0.1;
        if (target.Find("tolerance") is not YamlMap) return Both(Share(target, "tolerance") ?? Usual);
        var map = target.Sub("tolerance", "'tolerance'")!;
        var both = (Share(map, "scaleOut") ?? Usual, Share(map, "scaleIn") ?? Usual);
        map.Done();
        return both;

        static (double, double) Both(double share) => (share, share);

        double? Share(MapReader of, string key)
        {
            var share = of.Number(key);
            if (share is < 0 or >= 1)
            {
                problems.Error(of.Find(key)!, "the tolerance must be at least 0 and under 100%",
                    share is >= 1 and <= 100 ? $"write {share}%" : null, "tolerance");
            }

            return share;
        }
    }
}
