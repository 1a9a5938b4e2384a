using LifecycleManager.Runtime.Health;
using LifecycleManager.Security.Admission;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Security.Tests.Admission;

public sealed class AdmissionControlTests : IDisposable
{
    private static readonly AdmissionRequest Privileged = new() { IsContainer = true, Privileged = "/p" };

    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-admission-").FullName;

    private string FilePath => Path.Combine(_directory, "admission.yml");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_file_is_followed_and_a_bad_one_leaves_the_last_good_one_in_force()
    {
        File.WriteAllText(FilePath, "rules: [{ name: first }]");
        var admission = AdmissionControl.OfFile(FilePath);
        var changes = 0;
        admission.Changed += () => changes++;
        Assert.False(admission.File!.Look());
        Assert.Single(admission.Rules.Judge(Privileged));

        File.WriteAllText(FilePath, "rules: [{ name: second, privileged: true }]");
        Assert.True(admission.File!.Look());
        Assert.Empty(admission.Rules.Judge(Privileged));

        foreach (var bad in (string?[])["rules: nothing", "", null])
        {
            if (bad is null) File.Delete(FilePath);
            else File.WriteAllText(FilePath, bad);
            Assert.True(admission.File!.Look());
            Assert.StartsWith($"the admission file {FilePath} is not in force, the last good one is: ", admission.File!.Problem);
            Assert.False(admission.File!.Look());
            Assert.Empty(admission.Rules.Judge(Privileged));
        }

        // The last good one again: nothing has changed but that it can be read.
        File.WriteAllText(FilePath, "rules: [{ name: second, privileged: true }]");
        Assert.True(admission.File!.Look());
        Assert.Null(admission.File!.Problem);
        Assert.Equal(1, changes);
        File.WriteAllText(FilePath, "rules: [{ name: third }]");
        Assert.True(admission.File!.Look());
        Assert.Single(admission.Rules.Judge(Privileged));
        Assert.Equal(2, changes);
    }

    [Fact]
    public void A_file_that_is_bad_at_the_start_is_refused()
    {
        Assert.StartsWith("it cannot be read: ", Assert.Throws<FormatException>(() => AdmissionControl.OfFile(FilePath)).Message);
        NamedPipe.Make(FilePath);
        Assert.Equal("it cannot be read: it is empty, or no regular file",
            Assert.Throws<FormatException>(() => AdmissionControl.OfFile(FilePath)).Message);
        File.Delete(FilePath);
        File.WriteAllText(FilePath, new string(' ', 2 * 1024 * 1024));
        Assert.StartsWith("it is longer than ", Assert.Throws<FormatException>(() => AdmissionControl.OfFile(FilePath)).Message);
    }

    [Fact]
    public async Task A_change_is_in_force_within_5_s_and_a_bad_file_is_logged_once_and_named_in_health()
    {
        File.WriteAllText(FilePath, "rules: [{ name: first }]");
        var admission = AdmissionControl.OfFile(FilePath);
        var time = new FakeTimeProvider();
        var health = new RoleHealth(time);
        using var log = new RecordingLog();
        using var watch = new FileWatch([admission.File!], health, time, log.CreateLogger<FileWatch>());
        await watch.StartAsync(CancellationToken.None);

        // However the watch and this test take turns, it looks once in the time that it states.
        Assert.True(FileWatch.Interval <= TimeSpan.FromSeconds(5));
        Task PassAsync(Func<bool> holds) => Eventually.TrueAsync(() =>
        {
            if (!holds()) time.Advance(FileWatch.Interval);
            return Task.FromResult(holds());
        });

        File.WriteAllText(FilePath, "rules: [{ name: second, privileged: true }]");
        await PassAsync(() => admission.Rules.Judge(Privileged).Count == 0);
        File.WriteAllText(FilePath, "nonsense");
        await PassAsync(() => admission.File!.Problem is not null);
        var verdict = health.Verdict();
        Assert.True(verdict.IsUp);
        Assert.Contains("is not in force", Assert.Single(verdict.Warnings));
        time.Advance(FileWatch.Interval * 5);
        await watch.StopAsync(CancellationToken.None);
        Assert.Single(log.Lines, line => line.Contains("is not in force", StringComparison.Ordinal));
    }
}
