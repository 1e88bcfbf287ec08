// Two runs side by side: tables that sort, and the theme.
page.startTheme();
page.startTables();
document.documentElement.dataset.ready = "yes";
