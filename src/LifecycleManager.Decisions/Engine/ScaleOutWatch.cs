using System.Globalization;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Engine;

/// <summary>
/// The watch over an app's scale-outs in a row: where several have not made things better than before the first, nothing is
/// scaled out for a while. What is not known is neither better nor not. A row ends where it has helped, and where anybody else
/// changes the count. Instants are the steady clock's.
/// </summary>
internal sealed class ScaleOutWatch
{
    private double _asked = double.NaN;
    private DateTimeOffset _at;
    private DateTimeOffset _judged;
    private double _before = double.NaN;
    private int _from;
    private int _to;
    private int _fruitless;
    private double _after = double.NaN;

    /// <summary>Since when nothing is scaled out; default where it may be.</summary>
    public DateTimeOffset HeldSince { get; private set; }

    private bool IsIdle => _at == default && _fruitless == 0 && HeldSince == default;

    /// <summary>A scale-out is asked for: how things are now is how they were just before.</summary>
    public void Ask(AppMemory state) =>
        _asked = state.Policy.ScaleOut.Better is { } check ? WatchedMetric.Read(state, check.Metric, isBefore: true) : double.NaN;

    /// <summary>A change that was asked for has come about.</summary>
    public void Begin(DateTimeOffset at, int from, int to)
    {
        if (to < from) EndRow();
        else if (_at == default && HeldSince == default)
        {
            if (_fruitless == 0) (_before, _from) = (_asked, from);

            // What cannot be compared is not judged.
            if (_before > 0) _at = at;
        }

        _to = to;
    }

    /// <summary>Looks at the app at a tick, its counts and metrics read.</summary>
    public void Observe(AppMemory state)
    {
        if (state.Policy.ScaleOut.Better is not { } check)
        {
            HeldSince = default;
            EndRow();
            return;
        }

        if (IsIdle) return;
        var now = state.Facts.Steady;
        if (HeldSince == default && state.Facts.Instances != _to)
        {
            EndRow();
            return;
        }

        var value = WatchedMetric.Read(state, check.Metric, isBefore: false);
        var isOver = HeldSince != default && now - HeldSince >= check.Hold;
        if (isOver || (!double.IsNaN(value) && value <= _before * (1 - check.By)))
        {
            HeldSince = default;
            EndRow();
        }
        else if (_at != default && now - _at >= check.Within && !double.IsNaN(value))
        {
            (_at, _judged, _after) = (default, now, value);
            if (++_fruitless >= check.Times) HeldSince = now;
        }
        else if (_at == default && HeldSince == default && now - _judged >= check.Hold)
        {
            // So much later another scale-out has another cause.
            EndRow();
        }
    }

    /// <summary>Under another text of the policy its metric may be another one: the row is begun anew, a hold goes on.</summary>
    public void ForgetMetric()
    {
        _asked = double.NaN;
        if (HeldSince == default) EndRow();
    }

    /// <summary>Goes on with what another text of the policy had under watch.</summary>
    public void GoOn(ScaleOutWatch before) =>
        (_asked, _at, _judged, _before, _from, _to, _fruitless, _after, HeldSince) = (before._asked, before._at, before._judged,
            before._before, before._from, before._to, before._fruitless, before._after, before.HeldSince);

    /// <summary>Adds what is remembered, the time that passes apart.</summary>
    public void AddTo(ref NumberDigest digest)
    {
        if (IsIdle) return;
        foreach (var number in (ReadOnlySpan<long>)[_at.UtcTicks, _judged.UtcTicks, _from, _to, _fruitless, HeldSince.UtcTicks])
            digest.Add(number);
        foreach (var value in (ReadOnlySpan<double>)[_before, _after]) digest.Add(BitConverter.DoubleToInt64Bits(value));
    }

    /// <summary>What is to be stored; null where there is nothing.</summary>
    /// <param name="wall">The wall clock's time of an instant.</param>
    public StoredRow? Export(Func<DateTimeOffset, DateTimeOffset> wall) => IsIdle || !(_before > 0) ? null : new StoredRow
    {
        Step = _at == default ? null : wall(_at),
        Judged = _judged == default ? null : wall(_judged),
        Before = _before,
        From = _from,
        To = _to,
        Fruitless = _fruitless,
        After = double.IsNaN(_after) ? null : _after,
        HeldSince = HeldSince == default ? null : wall(HeldSince),
    };

    /// <summary>A change that is asked for, with how the metric is meanwhile.</summary>
    public StoredCountChange Export(StoredCountChange asked) =>
        asked.To > asked.From && double.IsFinite(_asked) ? asked with { Metric = _asked } : asked;

    /// <summary>Goes on with what was stored.</summary>
    /// <param name="stored">The memory.</param>
    /// <param name="steady">The steady clock's time of an instant.</param>
    public void Restore(StoredMemory stored, Func<DateTimeOffset, DateTimeOffset> steady)
    {
        if (stored.Asked is { Metric: { } metric } asked && asked.To > asked.From) _asked = metric;
        if (stored.ScaleOut is not { } row) return;
        (_before, _from, _to, _fruitless, _after) = (row.Before, row.From, row.To, row.Fruitless, row.After ?? double.NaN);
        if (row.Step is { } step) _at = steady(step);
        if (row.Judged is { } judged) _judged = steady(judged);
        if (row.HeldSince is { } held) HeldSince = steady(held);
    }

    /// <summary>
    /// What was seen, for people: <c>3 scale-outs, 2 to 8, have not made latency 5% better: 0.31, 0.3 before</c>.
    /// </summary>
    public string Tell(BetterCheck check) => string.Create(CultureInfo.InvariantCulture,
        $"{_fruitless} scale-outs, {_from} to {_to}, have not made {check.Metric.Text} {check.By * 100:0.##}% better: ")
        + $"{Expression.Format(_after)}, {Expression.Format(_before)} before";

    private void EndRow() =>
        (_at, _judged, _before, _fruitless, _after) = (default, default, double.NaN, 0, double.NaN);
}
