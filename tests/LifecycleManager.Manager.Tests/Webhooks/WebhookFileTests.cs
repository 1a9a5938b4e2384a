using LifecycleManager.Manager.Webhooks;

namespace LifecycleManager.Manager.Tests.Webhooks;

public sealed class WebhookFileTests
{
    [Fact]
    public void Lines_are_webhooks_and_names_hold_no_secret()
    {
        var webhooks = WebhookFile.Parse(
            """
            # of the team
            https://hooks.slack.com/services/T0/B0/secret

              https://events.example.com/in?key=secret  format=cloudevents on=changes,holds,failures,dryRuns
            """, "hooks");
        Assert.Equal(
            [
                (WebhookFormat.Slack, WebhookEvents.Changes | WebhookEvents.Failures, "1 (hooks.slack.com)"),
                (WebhookFormat.CloudEvents, (WebhookEvents)15, "2 (events.example.com)"),
            ],
            webhooks.Select(webhook => (webhook.Format, webhook.Events, webhook.ToString())));
        Assert.Equal("?key=secret", webhooks[1].Address.Query);
    }

    [Theory]
    [InlineData("ftp://secret/x", "http:// or https://")]
    [InlineData("secret", "http:// or https://")]
    [InlineData("http://me:secret@h/x", "with a user")]
    [InlineData("http://h/secret format=teams", "slack or cloudevents")]
    [InlineData("http://h/secret on=everything", "changes, failures, holds and dryRuns")]
    [InlineData("http://h/secret retry=3", "format= or on=")]
    public void What_is_wrong_is_named_without_the_line(string line, string what)
    {
        var problem = Assert.Throws<ArgumentException>(() => WebhookFile.Parse("\n" + line, "hooks"));
        Assert.Contains("line 2 of hooks", problem.Message, StringComparison.Ordinal);
        Assert.Contains(what, problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_an_error() =>
        Assert.Throws<ArgumentException>(() => WebhookFile.Read("/nowhere/hooks"));
}
