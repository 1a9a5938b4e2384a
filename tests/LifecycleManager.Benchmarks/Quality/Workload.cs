namespace LifecycleManager.Benchmarks.Quality;

/// <summary>A load over time.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Load">The requests of each second.</param>
internal sealed record Workload(string Name, double[] Load)
{
    private const int Minute = 60;
    private const int Hour = 60 * Minute;
    private const int Day = 24 * Hour;

    /// <summary>The mean of its greatest minute, requests a second.</summary>
    public double Peak => Load.Chunk(Minute).Max(chunk => chunk.Average());

    /// <summary>The workloads by seed: the same seed gives the same loads. Up to 600 requests a second.</summary>
    /// <param name="seed">Of all that is random in them.</param>
    /// <param name="weeks">How long the weekly one is.</param>
    public static IReadOnlyList<Workload> All(int seed, int weeks = 2)
    {
        var random = new Random(seed);
        return
        [
            Of("diurnal", 3 * Day, random, t => Day24(t, 60, 480)),
            Of("flash crowd", 2 * Hour, random, Flash(random)),
            Of("office rush", 3 * Day, random, Office),
            Of("ramp", 3 * Hour, random, t => Between(t, 0.25 * Hour, 1.25 * Hour, 1.5 * Hour, 2.5 * Hour, 50, 540)),
            Of("bursty", 4 * Hour, random, Bursts(random, 4 * Hour)),
            Of("sawtooth", 4 * Hour, random, t => 80 + (400 * (t % (20.0 * Minute) / (20 * Minute)))),
            Of("noisy", 4 * Hour, random, Noisy(random, 4 * Hour)),
            Of("weekly", weeks * 7 * Day, random, t => t / Day % 7 < 5 ? Day24(t, 60, 450) : Day24(t, 40, 150)),
        ];
    }

    /// <summary>A load with the noise of calls that come one by one.</summary>
    private static Workload Of(string name, int seconds, Random random, Func<int, double> mean)
    {
        var load = new double[seconds];
        for (var t = 0; t < seconds; t++)
        {
            var expected = Math.Max(0, mean(t));
            load[t] = Math.Max(0, expected + (Math.Sqrt(expected) * Normal(random)));
        }

        return new Workload(name, load);
    }

    /// <summary>A day's wave, with its trough at four in the morning.</summary>
    private static double Day24(int t, double least, double most) =>
        least + ((most - least) * (1 - Math.Cos((t - (4 * Hour)) * 2 * Math.PI / Day)) / 2);

    /// <summary>Up from <paramref name="low"/> between the first two times, down again between the last two.</summary>
    private static double Between(double t, double up, double top, double down, double end, double low, double high) =>
        low + ((high - low) * Math.Clamp(Math.Min((t - up) / (top - up), (end - t) / (end - down)), 0, 1));

    /// <summary>Working days begin at eight within ten minutes, pause at noon and end from five o'clock on.</summary>
    private static double Office(int t)
    {
        double time = t % Day;
        var day = Between(time, 8 * Hour, (8 * Hour) + (10 * Minute), 17 * Hour, 18.5 * Hour, 0, 400);
        var noon = Between(time, 12 * Hour, 12.25 * Hour, 12.75 * Hour, 13 * Hour, 0, 150);
        return 30 + Math.Max(0, day - noon);
    }

    /// <summary>Five times the load within half a minute, then four times, and away in five minutes each.</summary>
    private static Func<int, double> Flash(Random random)
    {
        var (first, second) = (random.Next(20, 30) * Minute, random.Next(70, 80) * Minute);
        return t => 100 + Math.Max(Crowd(t, first, 420), Crowd(t, second, 300));

        static double Crowd(int t, int at, double size) =>
            Between(t, at, at + 30, at + (15 * Minute), at + (20 * Minute), 0, size);
    }

    /// <summary>Bursts of one to five minutes at any time, with ten seconds to rise.</summary>
    private static Func<int, double> Bursts(Random random, int seconds)
    {
        var bursts = new List<(int At, int Length, double Size)>();
        for (var at = random.Next(10 * Minute); at < seconds; at += random.Next(3 * Minute, 20 * Minute))
            bursts.Add((at, random.Next(1 * Minute, 5 * Minute), random.Next(100, 350)));
        return t => 120 + bursts.Max(burst => Burst(t, burst.At, burst.At + burst.Length, burst.Size));

        static double Burst(int t, int from, int to, double size) => Between(t, from, from + 10, to, to + 10, 0, size);
    }

    /// <summary>A level load with noise that lasts some minutes: a first-order autoregression.</summary>
    private static Func<int, double> Noisy(Random random, int seconds)
    {
        const double Lasts = 2 * Minute;
        const double Deviation = 60;
        var (noise, keep) = (new double[seconds], Math.Exp(-1 / Lasts));
        for (var t = 1; t < seconds; t++)
            noise[t] = (keep * noise[t - 1]) + (Deviation * Math.Sqrt(1 - (keep * keep)) * Normal(random));
        return t => 240 + noise[t];
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
