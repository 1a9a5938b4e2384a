using LifecycleManager.EndToEnd.Tests.Harness;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary><c>lcm backup</c> of a scheduler that works, and its state come back after a loss.</summary>
public sealed class BackupTests
{
    [Fact]
    public async Task A_scheduler_whose_state_was_lost_goes_on_from_its_backup_with_the_tasks_that_run()
    {
        var directory = Directory.CreateTempSubdirectory("lcm-e2e-backup-").FullName;
        try
        {
            await using var stack = await Stack.UpAsync();
            using var posted = await stack.PostAsync(SampleApps.Sleeper("/sleeper", 2));
            Assert.True(posted.IsSuccessStatusCode);
            var before = await stack.InstancesAsync("/sleeper", 2);

            async Task<string> RunAsync(int code, string command, params string[] arguments)
            {
                await using var lcm = LcmProcess.Start(directory, [command, "--work-dir", stack.WorkDirectory, .. arguments]);
                Assert.True(await lcm.ExitAsync(TimeSpan.FromMinutes(2)) == code, lcm.Output);
                return lcm.Output;
            }

            Assert.Contains("entries of the scheduler are in", await RunAsync(0, "backup", "--output", "state"),
                StringComparison.Ordinal);
            Assert.Contains("works on this state: stop it first", await RunAsync(1, "restore", "--input", "state", "--overwrite"),
                StringComparison.Ordinal);

            await stack.KillAsync();
            foreach (var file in Directory.EnumerateFiles(Path.Combine(stack.WorkDirectory, "scheduler"))) File.Delete(file);
            Assert.Contains("entries of the scheduler are restored", await RunAsync(0, "restore", "--input", "state"),
                StringComparison.Ordinal);
            await stack.StartAsync();
            var after = await stack.InstancesAsync("/sleeper", 2);
            Assert.Equal(before.Select(task => task.Id).Order(), after.Select(task => task.Id).Order());
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
